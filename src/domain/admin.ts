import { Schema, SchemaTransformation } from "effect"
import { isTimeZone } from "./hours.ts"
import { MediaProgress } from "./media.ts"

const Text = (max: number) => Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(max))

export const GatewayName = Schema.Literals(["pushinpay", "syncpay"])
export type GatewayName = typeof GatewayName.Type

/** A bot as the admin API shows it: never a token, only its mask. */
export const BotView = Schema.Struct({
  id: Schema.Int,
  slug: Schema.String,
  name: Schema.String,
  username: Schema.NullOr(Schema.String),
  gateway: Schema.String,
  /** Charges when the first one is away or refuses. */
  second_gateway: Schema.NullOr(Schema.String),
  active: Schema.Boolean,
  inactive_reason: Schema.NullOr(Schema.String),
  token_masked: Schema.NullOr(Schema.String),
  webhook: Schema.Struct({
    url: Schema.NullOr(Schema.String),
    error: Schema.NullOr(Schema.String),
    /** Updates that Telegram holds back, when it was last asked. */
    pending: Schema.NullOr(Schema.Int),
    checked_at: Schema.NullOr(Schema.String)
  }),
  messages_per_second: Schema.Int,
  allow_paid_broadcast: Schema.Boolean,
  paid_messages_per_second: Schema.Int,
  pix_expires_minutes: Schema.Int,
  /** Unpaid codes that one person may have made within an hour. */
  max_pix_per_hour: Schema.Int,
  /** At most so many shots reach one person within these hours; null: as many as are sent. */
  shots_per_person: Schema.NullOr(Schema.Int),
  shots_per_person_hours: Schema.NullOr(Schema.Int),
  /** In which the hours of its downsells are meant. */
  time_zone: Schema.String,
  warmup_chat_id: Schema.NullOr(Schema.String),
  /** How many of its files Telegram has already. */
  media: MediaProgress,
  vip_chat_id: Schema.NullOr(Schema.String),
  /** What keeps the bot from letting buyers into the group. */
  vip_error: Schema.NullOr(Schema.String),
  /** A refund or chargeback takes the place in the group away. */
  withdraw_access: Schema.Boolean,
  notice: Schema.NullOr(Schema.String),
  created_at: Schema.String
})
export type BotView = typeof BotView.Type

export const BotInput = Schema.Struct({
  slug: Schema.String.check(Schema.isPattern(/^[a-z0-9][a-z0-9_-]{1,63}$/)),
  token: Schema.String.check(Schema.isPattern(/^\d{5,20}:[\w-]{5,100}$/)),
  name: Schema.optionalKey(Text(200)),
  gateway: GatewayName
})
export type BotInput = typeof BotInput.Type

/** A copy of a bot: another slug, everything else as it is, no token and no people. */
export const BotCopyInput = Schema.Struct({ slug: BotInput.fields.slug, name: Schema.optionalKey(Text(200)) })
export type BotCopyInput = typeof BotCopyInput.Type

const ChatName = Schema.String.check(Schema.isPattern(/^(-?\d{1,20}|@[A-Za-z]\w{3,31})$/))

/** Telegram's own answers write a chat's number without quotes; it is kept as a text. */
const ChatId = Schema.Union([
  ChatName,
  Schema.Int.pipe(Schema.decodeTo(ChatName, SchemaTransformation.transform({ decode: String, encode: Number })))
])

/** As in `America/Sao_Paulo`: what both Node and PostgreSQL know by its name. */
const TimeZone = Schema.String.check(
  Schema.makeFilter((name: string) => isTimeZone(name) || "Deve ser um fuso horário, como America/Sao_Paulo.")
)

export const BotPatch = Schema.Struct({
  name: Schema.optionalKey(Text(200)),
  gateway: Schema.optionalKey(GatewayName),
  second_gateway: Schema.optionalKey(Schema.NullOr(GatewayName)),
  active: Schema.optionalKey(Schema.Boolean),
  token: Schema.optionalKey(Schema.String.check(Schema.isPattern(/^\d{5,20}:[\w-]{5,100}$/))),
  warmup_chat_id: Schema.optionalKey(Schema.NullOr(ChatId)),
  vip_chat_id: Schema.optionalKey(Schema.NullOr(ChatId)),
  withdraw_access: Schema.optionalKey(Schema.Boolean),
  messages_per_second: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
  allow_paid_broadcast: Schema.optionalKey(Schema.Boolean),
  paid_messages_per_second: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
  pix_expires_minutes: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 10080 }))),
  max_pix_per_hour: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))),
  shots_per_person: Schema.optionalKey(
    Schema.NullOr(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 })))
  ).annotate({
    description: "Quantos disparos uma pessoa recebe no máximo em shots_per_person_hours; null não limita."
  }),
  shots_per_person_hours: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 8760 }))),
  time_zone: Schema.optionalKey(TimeZone).annotate({
    description: "Onde valem os horários dos downsells deste bot; sem mudança, America/Sao_Paulo."
  }),
  notice: Schema.optionalKey(Schema.NullOr(Text(500)))
})
export type BotPatch = typeof BotPatch.Type

/** A gateway as the admin API shows it. `fee_percent_bps` is in hundredths of a percent: 199 is 1,99 %. */
export const GatewayView = Schema.Struct({
  name: Schema.String,
  configured: Schema.Boolean,
  refund: Schema.Boolean,
  min_cents: Schema.Int,
  fee_fixed_cents: Schema.Int,
  fee_percent_bps: Schema.Int
})
export type GatewayView = typeof GatewayView.Type

export const GatewayFeePatch = Schema.Struct({
  fee_fixed_cents: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100_000 }))),
  fee_percent_bps: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 })))
})
export type GatewayFeePatch = typeof GatewayFeePatch.Type

const PriceCents = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 100_000_000 }))

/** `delivery` is a MessageContent; it is checked by `decodeMessageContent`, which names each fault in PT-BR. */
export const PlanInput = Schema.Struct({
  name: Text(100),
  price_cents: PriceCents,
  active: Schema.optionalKey(Schema.Boolean),
  delivery: Schema.optionalKey(Schema.NullOr(Schema.Unknown)),
  vip_chat_id: Schema.optionalKey(Schema.NullOr(ChatId))
})
export type PlanInput = typeof PlanInput.Type

export const PlanPatch = Schema.Struct({
  name: Schema.optionalKey(Text(100)),
  price_cents: Schema.optionalKey(PriceCents),
  active: Schema.optionalKey(Schema.Boolean),
  delivery: Schema.optionalKey(Schema.NullOr(Schema.Unknown)),
  vip_chat_id: Schema.optionalKey(Schema.NullOr(ChatId))
})
export type PlanPatch = typeof PlanPatch.Type

export const PlanView = Schema.Struct({
  id: Schema.Int,
  name: Schema.String,
  price_cents: Schema.Int,
  active: Schema.Boolean,
  delivery: Schema.NullOr(Schema.Unknown),
  vip_chat_id: Schema.NullOr(Schema.String),
  created_at: Schema.String
})
export type PlanView = typeof PlanView.Type

/** `content` is a MessageContent that need not be saved; without it the saved one is shown. */
export const PreviewInput = Schema.Struct({
  chat_id: Schema.Union([Schema.Int, Schema.String.check(Schema.isPattern(/^-?\d{1,15}$/))]).annotate({
    message: "Deve ser o número de um chat no Telegram."
  }),
  content: Schema.optionalKey(Schema.Unknown)
})

/** Each call to Telegram in its order, with Telegram's complaint where it had one. */
export const PreviewView = Schema.Struct({
  calls: Schema.Array(
    Schema.Struct({ method: Schema.String, ok: Schema.Boolean, error: Schema.optionalKey(Schema.String) })
  )
})

/** One sentence per faulty field of a body, keyed by its path: what a 422 carries as `fields`. */
export const FieldProblems = Schema.Record(Schema.String, Schema.String)
export type FieldProblems = typeof FieldProblems.Type

export class NotFound extends Schema.TaggedError<NotFound>()("NotFound", { message: Schema.String }) {}

export class Conflict extends Schema.TaggedError<Conflict>()("Conflict", { message: Schema.String }) {}

export class Invalid extends Schema.TaggedError<Invalid>()("Invalid", { fields: FieldProblems }) {}

/** Somebody else (Telegram, a gateway) did not answer or refused; the message says who and what to do. */
export class Upstream extends Schema.TaggedError<Upstream>()("Upstream", { message: Schema.String }) {}

/** What an administrative call can be told, in words that the HTTP edge turns into a status. */
export class AdminError extends Schema.TaggedError<AdminError>()("AdminError", {
  reason: Schema.Union([NotFound, Conflict, Invalid, Upstream])
}) {
  override get message(): string {
    return this.reason._tag === "Invalid" ? Object.values(this.reason.fields).join(" ") : this.reason.message
  }
}
