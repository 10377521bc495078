import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import type { EventName } from "../../domain/events.ts"
import type { PaymentStatus } from "../../domain/payment.ts"
import { firstOf } from "../decode.ts"
import { eventOf, stepOf } from "./event.ts"
import { personOf } from "./person.ts"
import { columnsOf, Payment } from "./row.ts"

/** What a gateway told along with a state; absent parts leave the row as it is. */
export interface ChargeDetails {
  readonly id?: string | undefined
  readonly rawStatus?: string | undefined
  readonly feeCents?: number | undefined
  readonly netCents?: number | undefined
  readonly endToEndId?: string | undefined
  readonly payerName?: string | undefined
  readonly payerDocument?: string | undefined
}

const decode = firstOf(Payment)

/** Inside a transaction: nobody else moves this payment until it ends. */
export const lock = (sql: SqlClient.SqlClient) => (paymentId: number) =>
  decode(sql`select ${columnsOf(sql)} from payments p where p.id = ${paymentId} for no key update`)

/** Inside a transaction that holds the lock; whether the move is allowed was decided before. */
export const move = (sql: SqlClient.SqlClient) => (paymentId: number, to: PaymentStatus, details: ChargeDetails) => {
  const paid = to === "paid" || to === "refunded" || to === "charged_back"
  const over = to !== "pending" && to !== "expired"
  return decode(sql`
    update payments p set updated_at = now(), status = ${to}, error = case when ${paid}::boolean then null else p.error end,
      paid_at = case when ${paid}::boolean then coalesce(p.paid_at, now()) else p.paid_at end,
      refunded_at = case when ${paid && to !== "paid"}::boolean then coalesce(p.refunded_at, now())
        else p.refunded_at end,
      canceled_at = case when ${to === "canceled"}::boolean then now() else p.canceled_at end,
      next_check_at = case when ${over}::boolean then null else p.next_check_at end,
      ${detailsOf(sql, details)}
    where p.id = ${paymentId}
    returning ${columnsOf(sql)}`)
}

/** A state that moves nothing may still bring the payer's name or the fee. */
export const addDetails = (sql: SqlClient.SqlClient) => (paymentId: number, details: ChargeDetails) =>
  Effect.asVoid(sql`update payments p set ${detailsOf(sql, details)} where p.id = ${paymentId}`)

const detailsOf = (sql: SqlClient.SqlClient, details: ChargeDetails) => sql`
  gateway_charge_id = coalesce(p.gateway_charge_id, ${details.id ?? null}),
  external_id = coalesce(p.external_id, ${details.id ?? null}),
  gateway_status = coalesce(${details.rawStatus ?? null}, p.gateway_status),
  fee_cents = coalesce(${details.feeCents ?? null}, p.fee_cents),
  net_cents = coalesce(${details.netCents ?? null}, p.net_cents),
  end_to_end_id = coalesce(${details.endToEndId ?? null}, p.end_to_end_id),
  payer_name = coalesce(${details.payerName ?? null}, p.payer_name),
  payer_document = coalesce(${details.payerDocument ?? null}, p.payer_document)`

/** Keeps what is wrong with a payment where its seller sees it. Answers whether this is news. */
export const markProblem = (sql: SqlClient.SqlClient) => (paymentId: number, error: string) =>
  Effect.map(
    sql`
      update payments p set updated_at = now(), error = ${error}
      where p.id = ${paymentId} and p.error is distinct from ${error}
      returning p.id`,
    (rows) => rows.length > 0
  )

/**
 * What the gateway keeps, by the seller's contract with it, for those that do not tell: from the webhook's or the
 * query's own figures on, those count.
 */
export const estimateFee = (sql: SqlClient.SqlClient) => (paymentId: number) =>
  Effect.asVoid(sql`
    update payments p set fee_cents = fee.cents, net_cents = p.value_cents - fee.cents
    from gateway_fees f
      cross join lateral (select least(f.fixed_cents + round(v.value_cents * f.percent_bps / 10000.0),
        v.value_cents)::int as cents from payments v where v.id = ${paymentId}) fee
    where p.id = ${paymentId} and f.gateway = p.gateway and p.value_cents is not null
      and p.fee_cents is null and p.net_cents is null`)

/** After `markBuyer`. */
export const recordEvent = (sql: SqlClient.SqlClient) => (paymentId: number, name: EventName) =>
  Effect.asVoid(sql`
    with event as (${eventOf(
      sql,
      name,
      sql`payments p left join bots b on b.id = p.bot_id left join bot_users u on u.id = p.bot_user_id
        where p.id = ${paymentId}`
    )})
    ${stepOf(sql, name)}`)

/** The person has paid. */
export const markBuyer = (sql: SqlClient.SqlClient) => (paymentId: number) =>
  Effect.asVoid(sql`
    with charge as (select * from payments where id = ${paymentId}),
    person as (${personOf(sql, "paid", sql`charge`)})
    update payments p set bot_user_id = person.id from person
    where p.id = ${paymentId} and p.bot_user_id is distinct from person.id`)

/** Nothing more is offered to somebody who paid (design, section 5.6). What has left in this moment stays what it is. */
export const cancelDownsells =
  (sql: SqlClient.SqlClient) => (botId: number, botSlug: string | null, telegramId: number) =>
    Effect.map(
      sql`
        update downsells_queue q set status = 'canceled', cancel_reason = 'paid', updated_at = now()
        where q.status = 'pending' and q.sending_at is null and q.telegram_id = ${telegramId}
          and (q.bot_slug = ${botSlug} or q.bot_id = ${botId})
        returning q.id`,
      (rows) => rows.length
    )
