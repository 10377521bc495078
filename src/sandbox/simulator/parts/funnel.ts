import { type Html, html } from "../html.ts"
import { reais } from "../money.ts"
import type { Funnel, FunnelStep, Spread } from "../Seller.ts"

const NAMES: Record<string, string> = {
  presell_view: "Viu a página",
  to_bot_click: "Clicou para o bot",
  bot_start: "Enviou /start",
  pix_created: "Gerou PIX",
  pix_paid: "Pagou"
}

/** The funnel as bars of people, each with the share that came from the step before. */
export const funnel = (numbers: Funnel): Html => {
  const most = Math.max(1, ...numbers.funnel.map(({ unique }) => unique))
  return html`<ol class="steps">
      ${numbers.funnel.map((step, index) => bar(step, index, most))}
    </ol>
    <dl class="numbers">
      <div>
        <dt>Receita</dt>
        <dd>${reais(numbers.revenue_cents)}</dd>
      </div>
      <div>
        <dt>Devolvido</dt>
        <dd>${reais(numbers.refunded_cents)}</dd>
      </div>
      <div>
        <dt>Até gerar PIX</dt>
        <dd>${seconds(numbers.time_to_pix_seconds)}</dd>
      </div>
      <div>
        <dt>Até pagar</dt>
        <dd>${seconds(numbers.time_to_pay_seconds)}</dd>
      </div>
    </dl>`
}

const bar = ({ event, unique, step_conversion }: FunnelStep, index: number, most: number): Html =>
  html`<li>
    <span>${NAMES[event] ?? event}</span>
    <meter min="0" max="${most}" value="${unique}">${unique}</meter>
    <b>${unique}</b>
    <small>${index > 0 && step_conversion !== null && `${Math.round(step_conversion * 100)} %`}</small>
  </li>`

const seconds = ({ count, p50 }: Spread): string => {
  if (count === 0 || p50 === null) return "–"
  return p50 < 120 ? `${Math.round(p50)} s` : `${Math.round(p50 / 60)} min`
}
