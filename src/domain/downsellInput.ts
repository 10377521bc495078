import { Schema } from "effect"
import { minutesOfClock } from "./hours.ts"

const Name = Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200))
const year = 365 * 24 * 3600
const Seconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: year }))
const Clock = Schema.String.check(
  Schema.makeFilter((text: string) => minutesOfClock(text) !== undefined || "Use um horário como 09:00.")
)

export const DownsellHours = Schema.Struct({ from: Clock, to: Clock })

const Trigger = Schema.Literals(["start", "pix"])

const rules = {
  active: Schema.optionalKey(Schema.Boolean),
  /** It leaves between these hours of the bot's time zone, and waits for them otherwise. */
  hours: Schema.optionalKey(Schema.NullOr(DownsellHours)),
  /** The same person may get it again after so long; never, when null. */
  repeat_after_seconds: Schema.optionalKey(Schema.NullOr(Seconds)),
  /** What is later than this is dropped, as after an outage; never, when null. A day unless said otherwise. */
  drop_after_seconds: Schema.optionalKey(Schema.NullOr(Seconds)),
  /** Also to people who have bought before, as long as they have not paid since it was scheduled. */
  to_buyers: Schema.optionalKey(Schema.Boolean)
}

/** `content` is a MessageContent; it is checked by `checkContent`, which names each fault in PT-BR. */
export const DownsellInput = Schema.Struct({
  name: Name,
  trigger: Trigger,
  delay_seconds: Seconds,
  content: Schema.Unknown,
  ...rules
})
export type DownsellInput = typeof DownsellInput.Type

export const DownsellPatch = Schema.Struct({
  name: Schema.optionalKey(Name),
  trigger: Schema.optionalKey(Trigger),
  delay_seconds: Schema.optionalKey(Seconds),
  content: Schema.optionalKey(Schema.Unknown),
  ...rules
})
export type DownsellPatch = typeof DownsellPatch.Type

/** What became of everybody it was meant for; `ambiguous`: Telegram did not say whether the message arrived. */
export const DownsellCounts = Schema.Struct({
  pending: Schema.Int,
  sent: Schema.Int,
  failed: Schema.Int,
  blocked: Schema.Int,
  ambiguous: Schema.Int,
  canceled: Schema.Int,
  skipped: Schema.Int,
  expired: Schema.Int
})

export const DownsellView = Schema.Struct({
  id: Schema.Int,
  bot: Schema.String,
  name: Schema.String,
  trigger: Trigger,
  delay_seconds: Schema.Int,
  content: Schema.Unknown,
  active: Schema.Boolean,
  hours: Schema.NullOr(DownsellHours),
  repeat_after_seconds: Schema.NullOr(Schema.Int),
  drop_after_seconds: Schema.NullOr(Schema.Int),
  to_buyers: Schema.Boolean,
  counts: DownsellCounts,
  /** Of charges that its button led to. */
  sales: Schema.Int,
  revenue_cents: Schema.Int,
  created_at: Schema.String
})
export type DownsellView = typeof DownsellView.Type
