import { Option, type Redacted, Schema } from "effect"

/** The steps that are told to Meta (contract, section 7). */
export const reportedSteps = ["presell_view", "to_bot_click", "bot_start", "pix_created", "pix_paid"] as const
export type ReportedStep = (typeof reportedSteps)[number]

/** What Meta hears of a step; without a name, nothing. */
export const MetaEvent = Schema.Struct({
  name: Schema.NullOr(Schema.String.check(Schema.isPattern(/^[A-Za-z][\w ]{0,49}$/))).annotate({
    description: "Evento padrão ou próprio da Meta; null não envia."
  }),
  action_source: Schema.Literals(["website", "chat", "other"])
})
export type MetaEvent = typeof MetaEvent.Type

export type MetaEvents = Readonly<Record<ReportedStep, MetaEvent>>

export const defaultMetaEvents: MetaEvents = {
  presell_view: { name: "PageView", action_source: "website" },
  to_bot_click: { name: "Contact", action_source: "website" },
  bot_start: { name: "Lead", action_source: "chat" },
  pix_created: { name: "InitiateCheckout", action_source: "chat" },
  pix_paid: { name: "Purchase", action_source: "chat" }
}

/** How a bot is tracked, as every part of the service has it in memory. */
export interface BotTracking {
  /** Meta's pixel of this bot: its own, else the one of the environment. Without a token only the browser reports. */
  readonly pixel: Option.Option<{
    readonly id: string
    readonly token: Option.Option<Redacted.Redacted<string>>
  }>
  /** Goes with the events of its own pixel, not with those of the environment's. */
  readonly testEventCode: Option.Option<string>
  readonly metaEvents: MetaEvents
  /** Nothing personal goes to Meta or UTMify before the visitor has agreed. */
  readonly consentRequired: boolean
  /** UTMify hears of a PIX when it is made, not only when it is paid. */
  readonly utmifyWaitingPayment: boolean
  /** Texts of the hosted presell page. */
  readonly presell: PresellContent
}

const Text = (max: number) => Schema.String.check(Schema.isMaxLength(max))

/** An address that a browser may be sent to or load from. */
const WebAddress = Schema.String.check(
  Schema.isMaxLength(2000),
  Schema.makeFilter(
    (value: string) =>
      (URL.canParse(value) && new URL(value).protocol === "https:") || "Deve ser um endereço https completo."
  )
)

/** The hosted presell page: one screen with one way on. Plain text everywhere; nothing of it is read as HTML. */
export const PresellContent = Schema.Struct({
  title: Schema.optionalKey(Text(120)).annotate({
    description: "Título da página e do navegador; sem ele, o nome do bot."
  }),
  text: Schema.optionalKey(Text(4000)).annotate({ description: "Linhas em branco separam parágrafos." }),
  image_url: Schema.optionalKey(WebAddress),
  button: Schema.optionalKey(Text(60)).annotate({ description: "Texto do botão que leva ao bot." }),
  footer: Schema.optionalKey(Text(1000)),
  color: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^#[0-9a-fA-F]{6}$/))).annotate({
    description: "Cor do botão, como #2aabee."
  })
})
export type PresellContent = typeof PresellContent.Type

/** A bot of which nothing was said. */
export const untracked: BotTracking = {
  pixel: Option.none(),
  testEventCode: Option.none(),
  metaEvents: defaultMetaEvents,
  consentRequired: false,
  utmifyWaitingPayment: true,
  presell: {}
}

/** How a bot is tracked, as the admin API shows it: never a token, only its mask. */
export const TrackingView = Schema.Struct({
  pixel_id: Schema.NullOr(Schema.String).annotate({ description: "O pixel em uso." }),
  pixel_from: Schema.NullOr(Schema.Literals(["bot", "env"])).annotate({
    description: "De onde vem o pixel: deste bot ou do ambiente do servidor."
  }),
  pixel_token_masked: Schema.NullOr(Schema.String).annotate({
    description: "Sem token, só o navegador avisa a Meta, e o servidor não."
  }),
  test_event_code: Schema.NullOr(Schema.String).annotate({
    description: "O código de teste do pixel deste bot; o do ambiente não aparece aqui."
  }),
  meta_events: Schema.Struct({
    presell_view: MetaEvent,
    to_bot_click: MetaEvent,
    bot_start: MetaEvent,
    pix_created: MetaEvent,
    pix_paid: MetaEvent
  }),
  consent_required: Schema.Boolean,
  utmify_waiting_payment: Schema.Boolean
}).annotate({ identifier: "Tracking" })
export type TrackingView = typeof TrackingView.Type

const optionalEvent = Schema.optionalKey(MetaEvent)

export const TrackingPatch = Schema.Struct({
  pixel_id: Schema.optionalKey(Schema.NullOr(Schema.String.check(Schema.isPattern(/^\d{5,20}$/)))).annotate({
    description: "null volta ao pixel do ambiente."
  }),
  pixel_token: Schema.optionalKey(Schema.NullOr(Schema.String.check(Schema.isPattern(/^[\w|-]{20,500}$/)))),
  test_event_code: Schema.optionalKey(
    Schema.NullOr(
      Schema.String.check(Schema.isPattern(/^[A-Za-z0-9]{1,40}$/)).annotate({
        message: "Deve ser o código da aba Testar eventos da Meta, como TEST12345."
      })
    )
  ).annotate({ description: "Enquanto houver um, a Meta mostra os eventos na aba Testar eventos. null tira." }),
  meta_events: Schema.optionalKey(
    Schema.Struct({
      presell_view: optionalEvent,
      to_bot_click: optionalEvent,
      bot_start: optionalEvent,
      pix_created: optionalEvent,
      pix_paid: optionalEvent
    })
  ),
  consent_required: Schema.optionalKey(Schema.Boolean).annotate({
    description: "Nada pessoal vai à Meta ou à UTMify antes de o visitante concordar."
  }),
  utmify_waiting_payment: Schema.optionalKey(Schema.Boolean)
})
export type TrackingPatch = typeof TrackingPatch.Type
