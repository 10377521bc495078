import { Schema } from "effect"

/** Contract, section 4. `unknown`: the gateway never said whether the charge exists. */
export const PaymentStatus = Schema.Literals([
  "creating",
  "pending",
  "unknown",
  "paid",
  "expired",
  "canceled",
  "failed",
  "refunded",
  "charged_back"
])
export type PaymentStatus = typeof PaymentStatus.Type

/** What a gateway can say of a charge, in our words; anything it says that we do not know is `pending`. */
export const GatewayStatus = Schema.Literals([
  "pending",
  "paid",
  "expired",
  "canceled",
  "failed",
  "refunded",
  "charged_back"
])
export type GatewayStatus = typeof GatewayStatus.Type

/**
 * How far a payment has come. One order for all states, so that the same events in any order end in the same state:
 * the farthest one wins. `paid` stands above `expired`, `failed` and `canceled` because the buyer's money arrived,
 * whatever we had given up on; `canceled` above the other two because the gateway itself said it.
 */
const rank: Record<PaymentStatus, number> = {
  creating: 0,
  unknown: 1,
  pending: 2,
  expired: 3,
  failed: 4,
  canceled: 5,
  paid: 6,
  refunded: 7,
  charged_back: 8
}

/** A payment moves only forward (design, section 5.3). */
export const canMove = (from: PaymentStatus, to: PaymentStatus): boolean => rank[to] > rank[from]

/** The states from which `to` may be reached: the condition of a conditional UPDATE. */
export const predecessors = (to: PaymentStatus): ReadonlyArray<PaymentStatus> =>
  PaymentStatus.literals.filter((from) => canMove(from, to))

/** The buyer's money arrived, even if it went back later. */
export const wasPaid = (status: PaymentStatus): boolean => rank[status] >= rank.paid

export const isOpen = (status: PaymentStatus): boolean =>
  status === "creating" || status === "pending" || status === "unknown"

/**
 * PushinPay says `canceled` both for a charge given up and for one paid and refunded (facts/gateways, 1.5): the state
 * we know decides.
 */
export const interpretStatus = (current: PaymentStatus, said: GatewayStatus): PaymentStatus =>
  said === "canceled" && wasPaid(current) ? "refunded" : said

/** The words of the older systems (`created`, `PENDING`, `PAID`, …), matched in lower case. */
export const legacyWords: ReadonlyArray<readonly [word: string, status: PaymentStatus]> = [
  ["created", "pending"],
  ["processing", "pending"],
  ["waiting", "pending"],
  ["approved", "paid"],
  ["completed", "paid"],
  ["cancelled", "canceled"],
  ["error", "failed"],
  ["chargeback", "charged_back"]
]

/** A payment as the admin API shows it (contract, section 4). */
export const PaymentView = Schema.Struct({
  id: Schema.Int,
  bot: Schema.NullOr(Schema.String),
  telegram_id: Schema.NullOr(Schema.Int),
  plan_id: Schema.NullOr(Schema.Int),
  plan_name: Schema.NullOr(Schema.String),
  gateway: Schema.NullOr(Schema.String),
  gateway_charge_id: Schema.NullOr(Schema.String),
  value_cents: Schema.NullOr(Schema.Int),
  fee_cents: Schema.NullOr(Schema.Int),
  net_cents: Schema.NullOr(Schema.Int),
  status: PaymentStatus,
  end_to_end_id: Schema.NullOr(Schema.String),
  payer_name: Schema.NullOr(Schema.String),
  /** What is wrong with it, in words for the seller. */
  problem: Schema.NullOr(Schema.String),
  source: Schema.NullOr(Schema.String),
  created_at: Schema.String,
  paid_at: Schema.NullOr(Schema.String),
  refunded_at: Schema.NullOr(Schema.String)
})
export type PaymentView = typeof PaymentView.Type

/** An outbox row as the admin API shows it (contract, section 4). */
export const DeliveryView = Schema.Struct({
  id: Schema.Int,
  destination: Schema.String,
  event_name: Schema.String,
  payment_id: Schema.NullOr(Schema.Int),
  status: Schema.Literals(["pending", "sent", "failed"]),
  attempts: Schema.Int,
  last_error: Schema.NullOr(Schema.String),
  next_attempt_at: Schema.String,
  created_at: Schema.String
})
export type DeliveryView = typeof DeliveryView.Type
