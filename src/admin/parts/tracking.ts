import type { FieldProblems } from "../../domain/admin.ts"
import { defaultMetaEvents, type ReportedStep, reportedSteps, type TrackingView } from "../../domain/tracking.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import type { Session } from "../PanelSession.ts"
import { check, input, select } from "./fields.ts"
import { badge, facts, notice } from "./ui.ts"

const stepWords: Readonly<Record<ReportedStep, string>> = {
  presell_view: "Viu a página",
  to_bot_click: "Clicou para ir ao bot",
  bot_start: "Entrou no bot",
  pix_created: "Gerou o PIX",
  pix_paid: "Pagou"
}

const sources = [
  ["website", "site"],
  ["chat", "conversa"],
  ["other", "outro"]
] as const

const fieldPattern = new RegExp(
  `^(pixel_id|pixel_token|test_event_code|meta_events\\.(${reportedSteps.join("|")})\\.(name|action_source))$`
)
export const isTrackingField = (path: string): boolean => fieldPattern.test(path)

/** What holds now, and what is missing for it to work. Of a token only its mask. */
export const trackingState = (
  view: TrackingView,
  server: { readonly utmify: boolean; readonly testing: boolean }
): Html =>
  html`${
    server.testing && view.pixel_from === "env"
      ? notice(
          "warn",
          "O servidor está com o código de teste da Meta (FACEBOOK_TEST_EVENT_CODE): o que sai pelo pixel do servidor aparece também em “Testar eventos”, e conta do mesmo jeito. Tire-o quando terminar de testar."
        )
      : nothing
  }
  ${
    view.test_event_code === null
      ? nothing
      : notice(
          "warn",
          `Em teste com o código ${view.test_event_code}: os avisos aparecem também em “Testar eventos”, e contam do mesmo jeito. Apague-o quando terminar.`
        )
  }
  ${facts([
    ["Pixel em uso", whole(view.pixel_id)],
    ["De onde vem", view.pixel_from === null ? null : view.pixel_from === "bot" ? "deste bot" : "do servidor (.env)"],
    ["Navegador avisa a Meta (Pixel)", view.pixel_id === null ? badge("calm", "não") : badge("ok", "sim")],
    [
      "Servidor avisa a Meta (CAPI)",
      view.pixel_token_masked === null
        ? badge(view.pixel_id === null ? "calm" : "warn", "não, falta o token")
        : badge("ok", "sim")
    ],
    ["Token do pixel", whole(view.pixel_token_masked)],
    ["UTMify", server.utmify ? badge("ok", "recebe as vendas") : badge("calm", "sem UTMIFY_TOKEN no servidor")]
  ])}`

/** A number is not to be broken in two. */
const whole = (words: string | null): Html | null =>
  words === null ? null : html`<span class="nowrap">${words}</span>`

export const trackingForm = (
  session: Session,
  slug: string,
  view: TrackingView,
  faults: FieldProblems,
  given?: URLSearchParams
): Html => {
  const own = view.pixel_from === "bot" ? (view.pixel_id ?? "") : ""
  const isOn = (name: "consent_required" | "utmify_waiting_payment") =>
    given === undefined ? view[name] : given.has(name)
  return html`<form method="post" action="/admin/bots/${slug}/rastreamento">
    ${csrf(session)}
    <div class="grid">
      <div>
        ${input("pixel_id", "Número do pixel deste bot", { value: given?.get("pixel_id") ?? own, faults, inputmode: "numeric", maxlength: 20, hint: "Fica no Gerenciador de Eventos da Meta. Vazio: vale o do servidor, se houver." })}
        ${input("pixel_token", "Token da API de Conversões", { type: "password", faults, maxlength: 500, hint: "Em Configurações do pixel, “Gerar token de acesso”. É guardado cifrado e não aparece mais. Vazio: fica o de agora." })}
        ${input("test_event_code", "Código de teste da Meta", { value: given?.get("test_event_code") ?? view.test_event_code ?? "", faults, maxlength: 40, placeholder: "como TEST12345", hint: "Da aba Testar eventos, na Meta: com ele você vê ali cada aviso chegar. Apague quando terminar de testar." })}
        ${view.pixel_from === "bot" && view.pixel_token_masked !== null ? check("forget_token", "Esquecer o token guardado", given?.has("forget_token") ?? false) : nothing}
      </div>
      <div>
        ${check("consent_required", "Pedir consentimento antes de avisar", isOn("consent_required"), "Nada pessoal vai à Meta ou à UTMify antes de o visitante concordar. Visitas e vendas continuam contando aqui.")}
        ${check("utmify_waiting_payment", "Avisar a UTMify também do PIX gerado", isOn("utmify_waiting_payment"), "Desligado, ela fica sabendo só do que foi pago.")}
      </div>
    </div>
    <details ${Object.keys(faults).some((path) => path.startsWith("meta_events")) ? html`open` : nothing}>
      <summary>O que a Meta fica sabendo em cada passo</summary>
      <p class="muted">
        O nome é o do evento na Meta; vazio, aquele passo não é avisado. Com anúncios rodando, não troque: a Meta
        aprende com estes nomes.
      </p>
      ${reportedSteps.map((step) => {
        const name = `meta_events.${step}.name`
        const source = `meta_events.${step}.action_source`
        return html`<fieldset>
          <legend>${stepWords[step]}</legend>
          <div class="filters">
            ${input(name, "Evento", { value: given?.get(name) ?? view.meta_events[step].name ?? "", faults: eventFaults(faults), maxlength: 50, placeholder: `não avisa (o normal é ${defaultMetaEvents[step].name})` })}
            ${select(source, "Onde acontece", sources, { value: given?.get(source) ?? view.meta_events[step].action_source, faults })}
          </div>
        </fieldset>`
      })}
    </details>
    <button class="primary">Salvar</button>
  </form>`
}

/** The schema knows a pattern; whoever typed a name wants to know what a name is. */
const eventFaults = (faults: FieldProblems): FieldProblems =>
  Object.fromEntries(
    Object.keys(faults).map((path) => [path, "Use letras, números e espaços, começando por letra, como Purchase."])
  )
