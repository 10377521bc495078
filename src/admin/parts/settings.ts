import type { FieldProblems, GatewayView } from "../../domain/admin.ts"
import type { AlertSettings } from "../../domain/alert.ts"
import type { Bot } from "../../domain/bot.ts"
import { formatBrl, reais } from "../format.ts"
import { csrf } from "../frame.ts"
import { type Html, html } from "../html.ts"
import type { Session } from "../PanelSession.ts"
import { input, otherFaults, select } from "./fields.ts"
import { botChoices } from "./filters.ts"
import { badge } from "./ui.ts"

export interface GivenFee {
  readonly gateway: string
  readonly fixed: string
  readonly percent: string
  readonly faults: FieldProblems
}

/** The schema counts in centavos and hundredths of a percent; whoever typed a fee did not. */
export const feeFaults = (faults: FieldProblems): FieldProblems => ({
  ...faults,
  ...(faults["fee_fixed_cents"] === undefined
    ? {}
    : { fee_fixed_cents: "Escreva um valor em reais de 0 a 1.000, como 0,30." }),
  ...(faults["fee_percent_bps"] === undefined
    ? {}
    : { fee_percent_bps: "Escreva uma porcentagem de 0 a 100, como 0,99." })
})

const alertFields = new Set(["bot", "chat_id"])

export const alertFaults = (faults: FieldProblems): FieldProblems =>
  faults["chat_id"] === "Tem um formato que não serve."
    ? { ...faults, chat_id: "Deve ser o número de um chat no Telegram, como 7205343917." }
    : faults

export const feeForm = (session: Session, gateway: GatewayView, given?: GivenFee): Html => {
  const faults = given?.faults ?? {}
  return html`<form method="post" action="/admin/ajustes/gateways/${gateway.name}">
    ${csrf(session)}
    <fieldset>
      <legend>${gateway.name} ${gateway.configured ? badge("ok", "ligado") : badge("calm", "sem credencial")}</legend>
      ${input("fee_fixed_cents", "Por pagamento, em reais", { scope: gateway.name, value: given?.fixed ?? reais(gateway.fee_fixed_cents), faults, inputmode: "decimal", maxlength: 12 })}
      ${input("fee_percent_bps", "Mais, em % do valor", { scope: gateway.name, value: given?.percent ?? reais(gateway.fee_percent_bps), faults, inputmode: "decimal", maxlength: 8 })}
      <p class="hint">
        Menor PIX aceito: ${formatBrl(gateway.min_cents)}.
        ${gateway.refund ? "Devolve daqui do painel." : "Devoluções só no painel dele."}
      </p>
      <button>Salvar ${gateway.name}</button>
    </fieldset>
  </form>`
}

export const alertForm = (
  session: Session,
  bots: ReadonlyArray<Bot>,
  settings: AlertSettings,
  faults: FieldProblems
): Html =>
  html`<p class="muted">
      Um dos seus bots escreve para você quando um bot para, um gateway deixa de gerar PIX, mensagens ou entregas falham
      de vez, e na primeira venda do dia. Nunca mais de um aviso por motivo a cada 10 minutos.
    </p>
    ${otherFaults(faults, (path) => alertFields.has(path))}
    <form method="post" action="/admin/ajustes/avisos">
      ${csrf(session)}
      <div class="filters">
        ${select("bot", "Bot que escreve", [["", "Nenhum: avisos desligados"], ...botChoices(bots)], { scope: "avisos", value: settings.bot ?? "", faults })}
        ${input("chat_id", "Número do seu chat", { scope: "avisos", value: settings.chat_id ?? "", faults, inputmode: "numeric", maxlength: 21, placeholder: "como 7205343917" })}
      </div>
      <p class="hint">
        Envie /start a esse bot pelo seu Telegram e procure o seu nome em <a href="/admin/pessoas">Pessoas</a>: o número
        está lá. Também pode ser um grupo em que o bot está.
      </p>
      <div class="row">
        <button class="primary">Salvar avisos</button>
        <button name="op" value="test">Enviar um teste</button>
      </div>
    </form>`
