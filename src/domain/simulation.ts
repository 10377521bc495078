import { Schema } from "effect"

export const SimulationInput = Schema.Struct({
  /** Somebody who is known or not; without it, somebody new. */
  telegram_id: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 52 }))),
  /** The moment of the /start. */
  at: Schema.String
})
export type SimulationInput = typeof SimulationInput.Type

export const SimulatedItem = Schema.Struct({
  kind: Schema.Literals(["start", "downsell", "shot"]),
  id: Schema.NullOr(Schema.Int),
  name: Schema.String,
  trigger: Schema.NullOr(Schema.Literals(["start", "pix"])),
  /** Null: only if the person makes a PIX and does not pay it; then `delay_seconds` after that. */
  at: Schema.NullOr(Schema.String),
  delay_seconds: Schema.NullOr(Schema.Int),
  sent: Schema.Boolean,
  /** Why not, in words; null when it would be sent. */
  reason: Schema.NullOr(Schema.String),
  content: Schema.NullOr(Schema.Unknown)
})
export type SimulatedItem = typeof SimulatedItem.Type

/** What a person would get and when; nothing is sent for it. */
export const SimulationView = Schema.Struct({
  bot: Schema.String,
  telegram_id: Schema.NullOr(Schema.Int),
  at: Schema.String,
  person: Schema.Struct({ blocked: Schema.Boolean, opted_out: Schema.Boolean, has_paid: Schema.Boolean }),
  items: Schema.Array(SimulatedItem)
})
export type SimulationView = typeof SimulationView.Type
