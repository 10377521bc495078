import { Effect } from "effect"
import { Alerts } from "../../bots/Alerts.ts"
import { Bots } from "../../bots/Bots.ts"
import { type AdminError, type FieldProblems, GatewayFeePatch } from "../../domain/admin.ts"
import { AlertSettings } from "../../domain/alert.ts"
import { GatewayFees } from "../../payments/GatewayFees.ts"
import { decodeForm, faultsOf, orNull } from "../decodeForm.ts"
import { centsOf } from "../format.ts"
import { html } from "../html.ts"
import { alertForm, alertFaults, feeFaults, feeForm, type GivenFee } from "../parts/settings.ts"
import { card, doneNotice, withQuery } from "../parts/ui.ts"
import { page, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"

const here = "/admin/ajustes"
const readFee = decodeForm(GatewayFeePatch)
const readAlerts = decodeForm(AlertSettings)

interface Shown {
  readonly fee?: GivenFee
  readonly alerts?: { readonly settings: AlertSettings; readonly faults: FieldProblems }
}

/** What holds for all bots: where alerts go, and what each gateway keeps of a payment. */
export const settingsPages = Effect.gen(function* () {
  const alerts = yield* Alerts
  const bots = yield* Bots
  const fees = yield* GatewayFees

  const show = Effect.fnUntraced(function* ({ query, session }: Visit, shown: Shown = {}, status = 200) {
    const { faults, settings } = shown.alerts ?? { settings: yield* alerts.settings, faults: {} }
    const gateways = yield* fees.all
    const body = html`${doneNotice(query)}
    ${card("Avisos no seu Telegram", alertForm(session, bots.all(), settings, faults))}
    ${card(
      "Tarifas dos gateways",
      html`<p class="muted">
          Quanto cada gateway fica de um pagamento, pelo seu contrato com ele. É o que aparece como tarifa e como “fica
          para você” em Pagamentos. Vale para os próximos pagamentos, quando o próprio gateway não diz quanto ficou com
          ele.
        </p>
        <div class="grid">
          ${gateways.map((gateway) => feeForm(session, gateway, shown.fee?.gateway === gateway.name ? shown.fee : undefined))}
        </div>`
    )}`
    return page(session, { title: "Ajustes", here, body, status })
  })

  return [
    get(here, (visit) => show(visit)),
    post("/admin/ajustes/avisos", (visit) => {
      const { form } = visit
      const settings = { bot: orNull(form.get("bot")), chat_id: orNull(form.get("chat_id")) }
      const isTest = form.get("op") === "test"
      return readAlerts(settings).pipe(
        Effect.flatMap(isTest ? alerts.test : alerts.save),
        Effect.flatMap((saved) =>
          isTest
            ? show({ ...visit, query: { feito: "testado" } }, { alerts: { settings: saved, faults: {} } }, 200)
            : Effect.succeed(
                redirect(withQuery(here, { feito: saved.chat_id === null ? "avisos-desligados" : "salvo" }))
              )
        ),
        Effect.catch((error: AdminError) =>
          show(visit, { alerts: { settings, faults: alertFaults(faultsOf(error)) } }, 422)
        )
      )
    }),
    post("/admin/ajustes/gateways/:name", (visit) => {
      const gateway = visit.params["name"] ?? ""
      const fixed = visit.form.get("fee_fixed_cents") ?? ""
      const percent = visit.form.get("fee_percent_bps") ?? ""
      return readFee({ fee_fixed_cents: centsOf(fixed) ?? fixed, fee_percent_bps: centsOf(percent) ?? percent }).pipe(
        Effect.flatMap((patch) => fees.patch(gateway, patch)),
        Effect.map(() => redirect(withQuery(here, { feito: "salvo" }))),
        Effect.catchIf(
          (error: AdminError) => error.reason._tag !== "NotFound",
          (error) => show(visit, { fee: { gateway, fixed, percent, faults: feeFaults(faultsOf(error)) } }, 422)
        )
      )
    })
  ]
})
