import { Schema } from "effect"

/** Glossary of the blueprint, section 5.2. */
export const EventName = Schema.Literals([
  "presell_view",
  "to_bot_click",
  "bot_start",
  "pix_created",
  "pix_paid",
  "pix_refunded",
  "pix_charged_back",
  "bot_interaction",
  "bot_session_end"
])
export type EventName = typeof EventName.Type

/**
 * A funnel event's id and instant follow from what caused it, so that the same cause recorded twice is one row: the
 * unique index of a partition refuses the second, and the same instant leads to the same partition.
 */
export const eventId = {
  fromSession: (name: EventName, session: string) => `${eventId.prefixOf(name)}${session}`,
  /** For SQL that knows the rest. */
  prefixOf: (name: EventName) => `${name}:`,
  fromUpdate: (name: EventName, botId: number, updateId: number) => `${name}:${botId}:${updateId}`,
  /** Before a payment's id. */
  paymentPrefixOf: (name: EventName) => `${name}:payment:`
}
