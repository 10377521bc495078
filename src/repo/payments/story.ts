import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { GatewayName } from "../../domain/admin.ts"
import { PaymentView } from "../../domain/payment.ts"
import { rowsOf } from "../decode.ts"
import { isoOf } from "../listing.ts"
import { viewOf } from "./list.ts"

/** What happened around a payment: a webhook of its gateway, or something that left because of it. */
export const PaymentFact = Schema.Struct({
  at: Schema.String,
  kind: Schema.Literals(["webhook", "delivery"]),
  /** The gateway, or where it went. */
  who: Schema.String,
  /** The gateway's word, or the event's name. */
  what: Schema.NullOr(Schema.String),
  state: Schema.String,
  times: Schema.Int,
  error: Schema.NullOr(Schema.String)
})
export type PaymentFact = typeof PaymentFact.Type

const decode = rowsOf(PaymentFact)

/** Oldest first. A gateway that repeats itself without end does not fill the page. */
export const story = (sql: SqlClient.SqlClient) =>
  Effect.fn("PaymentsRepo.story")((paymentId: number) =>
    decode(sql`
      select at, kind, who, what, state, times, error from (
        (select e.received_at as moment, ${isoOf(sql, "e.received_at")} as at, 'webhook' as kind, e.provider as who,
          e.payload->'events'->0->>'rawStatus' as what, e.state, e.received_count as times, e.error
        from gateway_events e where e.payment_id = ${paymentId}::bigint order by e.received_at limit 50)
        union all
        (select o.created_at, ${isoOf(sql, "coalesce(o.processed_at, o.created_at)")}, 'delivery', o.destination,
          coalesce(o.event_name, o.topic), o.status, o.attempt_count, o.last_error
        from outbox o where o.payment_id = ${paymentId}::bigint and o.destination is not null
        order by o.created_at limit 50)) facts
      order by moment`)
  )

const decodeViews = rowsOf(PaymentView)

/** By our number, the gateway's id or the bank's: each by an index of its own. */
export const search = (sql: SqlClient.SqlClient) =>
  Effect.fn("PaymentsRepo.search")((text: string) => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : null
    return decodeViews(sql`
      ${viewOf(sql)}
      where p.id in (
        select f.id from payments f where f.id = ${number}::bigint
        union all
        select f.id from payments f
        where f.gateway in ${sql.in(GatewayName.literals)} and lower(f.gateway_charge_id) = lower(${text})
        union all
        select f.id from payments f where f.transaction_id = ${text})
      order by p.created_at desc limit 20`)
  })
