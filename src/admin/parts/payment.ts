import type { PaymentStatus, PaymentView } from "../../domain/payment.ts"
import type { PaymentFact } from "../../repo/PaymentsRepo.ts"
import { exactMoment, formatBrl, moment } from "../format.ts"
import { type Html, html } from "../html.ts"
import { badge, table, type Tone, withQuery } from "./ui.ts"

const states: Readonly<Record<PaymentStatus, readonly [Tone, string]>> = {
  creating: ["calm", "gerando"],
  pending: ["calm", "esperando pagar"],
  unknown: ["warn", "sem resposta"],
  paid: ["ok", "pago"],
  expired: ["calm", "venceu"],
  canceled: ["calm", "cancelado"],
  failed: ["bad", "não foi gerado"],
  refunded: ["warn", "devolvido"],
  charged_back: ["bad", "contestado"]
}

export const paymentStates = Object.entries(states).map(([status, [, words]]) => [status, words] as const)

export const paymentBadge = (status: PaymentStatus): Html => badge(...states[status])

export const money = (cents: number | null): string => (cents === null ? "—" : formatBrl(cents))

export const personLink = (bot: string | null, telegramId: number | null): Html =>
  bot === null || telegramId === null
    ? html`<span class="muted">—</span>`
    : html`<a class="nowrap" href="/admin/pessoas/${bot}/${telegramId}">${telegramId}</a>`

export const paymentTable = (payments: ReadonlyArray<PaymentView>): Html =>
  table(
    "Pagamentos",
    ["Pagamento", "Valor", "Situação", "Bot e plano", "Pessoa"],
    payments.map(
      (payment) =>
        html`<tr>
          <td>
            <a href="/admin/pagamentos/${payment.id}">nº ${payment.id}</a><br /><span class="muted nowrap"
              >${moment(payment.created_at)}</span
            >
          </td>
          <td class="nowrap">${money(payment.value_cents)}</td>
          <td>${paymentBadge(payment.status)}</td>
          <td>${payment.bot ?? "—"}<br /><span class="muted">${payment.plan_name ?? ""}</span></td>
          <td>${personLink(payment.bot, payment.telegram_id)}</td>
        </tr>`
    )
  )

interface Told {
  readonly at: string
  readonly words: string
}

/** The charge from its making to its end, in sentences, oldest first. */
export const paymentStory = (payment: PaymentView, facts: ReadonlyArray<PaymentFact>): Html => {
  const gateway = payment.gateway ?? "o gateway"
  const own: ReadonlyArray<Told> = [
    {
      at: payment.created_at,
      words: `A pessoa pediu ${payment.plan_name === null ? "um plano" : `o plano ${payment.plan_name}`} por ${money(payment.value_cents)}; a cobrança foi pedida a ${gateway}.`
    },
    ...(payment.paid_at === null
      ? []
      : [
          { at: payment.paid_at, words: `Foi pago${payment.payer_name === null ? "" : ` por ${payment.payer_name}`}.` }
        ]),
    ...(payment.refunded_at === null
      ? []
      : [
          {
            at: payment.refunded_at,
            words:
              payment.status === "charged_back"
                ? "O banco tomou o dinheiro de volta, a pedido de quem pagou."
                : "O dinheiro foi devolvido à pessoa."
          }
        ])
  ]
  const told = [...own, ...facts.map((fact) => ({ at: fact.at, words: factWords(fact) }))].toSorted((a, b) =>
    a.at.localeCompare(b.at)
  )
  return html`<ol class="story">
    ${told.map(({ at, words }) => html`<li><time datetime="${at}">${exactMoment(at)}</time>${words}</li>`)}
  </ol>`
}

const destinations: Readonly<Record<string, string>> = {
  telegram: "a pessoa, no Telegram",
  facebook: "a Meta",
  utmify: "a UTMify"
}

const eventWords: Readonly<Record<string, string>> = {
  delivery: "a entrega do plano",
  pix_created: "o aviso de PIX gerado",
  pix_paid: "o aviso de venda",
  pix_refunded: "o aviso de devolução",
  pix_charged_back: "o aviso de contestação"
}

export const destinationWords = (name: string): string => destinations[name] ?? name

/** What is sent: known events by their words, others by their name. */
export const sentWords = (name: string | null): string => (name === null ? "uma mensagem" : (eventWords[name] ?? name))

const factWords = (fact: PaymentFact): string => {
  const why = fact.error === null ? "" : `: ${fact.error}`
  if (fact.kind === "webhook") {
    const said = fact.what === null ? "" : ` "${fact.what}"`
    const again = fact.times > 1 ? ` (${fact.times} vezes)` : ""
    if (fact.state === "done") return `${fact.who} avisou${said}${again}, e foi conferido.`
    return fact.state === "refused"
      ? `${fact.who} avisou${said}${again}, e não foi aceito${why}.`
      : `${fact.who} avisou${said}${again}; está sendo conferido${why}.`
  }
  const what = `${sentWords(fact.what)} para ${destinationWords(fact.who)}`
  if (fact.state === "sent") return `Saiu ${what}.`
  return fact.state === "failed"
    ? `Não saiu ${what}, depois de ${fact.times} tentativas${why}.`
    : `Vai sair ${what}${why}.`
}

export const personQuery = (bot: string | null, telegramId: number | null): string =>
  withQuery("/admin/pagamentos", {
    bot: bot ?? undefined,
    pessoa: telegramId === null ? undefined : String(telegramId)
  })
