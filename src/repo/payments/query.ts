import { Effect, Schema } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { GatewayName } from "../../domain/admin.ts"
import { firstOf, rowsOf } from "../decode.ts"
import { columnsOf, Payment } from "./row.ts"

/**
 * A gateway counts the questions as they arrive. A slot is therefore held for as long as an answer may take and then
 * counts from the answer: whatever the network does, two questions never arrive closer than the gateway's rule.
 */
export const longestQuerySeconds = 8

/**
 * An open charge is asked for at the gateway's rhythm for an hour, as long as most of them live: a payment is found
 * within 75 s, or 30 s where the gateway may be asked more often (contract, section 8). From then on ever more rarely.
 */
const fullRhythmSeconds = 3600
/** One that expired is asked for rarely: money that arrives now is the exception. */
const expiredRhythmSeconds = 600
const expiredAgeShare = 20
const daysOfInterest = 1

const decode = rowsOf(Payment)
const first = firstOf(Payment)

export interface QuerySlot {
  readonly taken: boolean
  /** When it is free again; 0 when it was taken by this call. */
  readonly freeInSeconds: number
}

/** Takes the one status query that the gateway's rule allows now, among all nodes and by the database's clock. */
export const claimQuery = (sql: SqlClient.SqlClient) =>
  Effect.fn("PaymentsRepo.claimQuery")(function* (
    paymentId: number,
    secondsBetween: number
  ): Effect.fn.Return<QuerySlot, SqlError.SqlError> {
    const taken = yield* sql`
      update payments p set checked_at = now() + make_interval(secs => ${longestQuerySeconds}),
        check_count = p.check_count + 1
      where p.id = ${paymentId}
        and (p.checked_at is null or p.checked_at <= now() - make_interval(secs => ${secondsBetween}))
      returning p.id`
    if (taken.length > 0) return { taken: true, freeInSeconds: 0 }
    const [row] = yield* sql<{ readonly seconds: number }>`
      select greatest(0, ceil(extract(epoch from p.checked_at - now()) + ${secondsBetween}))::int as seconds
      from payments p where p.id = ${paymentId}`
    return { taken: false, freeInSeconds: row?.seconds ?? secondsBetween }
  })

/**
 * Whether a webhook that proves nothing may have the gateway asked about this charge: once in its life. Anybody can post
 * such webhooks; with more of them a stranger would spend the questions that buyers and reconciliation need.
 */
export const claimHint = (sql: SqlClient.SqlClient) => (paymentId: number) =>
  Effect.map(
    sql`update payments p set hint_asked_at = now() where p.id = ${paymentId} and p.hint_asked_at is null returning p.id`,
    (rows) => rows.length > 0
  )

/** The gateway answered, or never will. */
export const queryAnswered = (sql: SqlClient.SqlClient) => (paymentId: number) =>
  Effect.asVoid(sql`update payments p set checked_at = clock_timestamp() where p.id = ${paymentId}`)

/** The buyer says that the money was sent: look again as soon as the rule allows. */
export const askSoon = (sql: SqlClient.SqlClient) => (paymentId: number, seconds: number) =>
  Effect.asVoid(sql`
    update payments p set next_check_at = least(p.next_check_at, now() + make_interval(secs => ${seconds}))
    where p.id = ${paymentId} and p.status in ('pending', 'unknown', 'expired') and p.bot_slug is not null`)

export const DueQuery = Schema.Struct({ ...Payment.fields, overdue: Schema.Boolean })
export type DueQuery = typeof DueQuery.Type

const decodeDue = rowsOf(DueQuery)

/** Takes charges whose question is due, with the slot to ask it. `expired` ones are looked at by a rarer call. */
export const claimDue =
  (sql: SqlClient.SqlClient) => (gateway: string, secondsBetween: number, which: "open" | "expired", limit: number) => {
    const rhythm = which === "open" ? secondsBetween : expiredRhythmSeconds
    const share = which === "open" ? fullRhythmSeconds / rhythm : expiredAgeShare
    const delay = sql`greatest(${rhythm}::float8, extract(epoch from now() - p.created_at)::float8 / ${share})`
    const next = sql`now() + make_interval(secs => ${delay} + ${longestQuerySeconds}::float8)`
    const status =
      which === "open"
        ? sql`d.status in ('pending', 'unknown')`
        : sql`d.status = 'expired' and d.created_at > now() - interval '9 days'`
    return decodeDue(sql`
      with due as (
        select d.id from payments d
        where ${status} and d.next_check_at <= now() and d.gateway = ${gateway} and d.bot_slug is not null
          and d.gateway_charge_id is not null
          and (d.checked_at is null or d.checked_at <= now() - make_interval(secs => ${secondsBetween}))
        order by d.next_check_at limit ${limit} for no key update skip locked)
      update payments p set checked_at = now() + make_interval(secs => ${longestQuerySeconds}),
        check_count = p.check_count + 1,
        next_check_at = case
          when now() > coalesce(p.expires_at, p.created_at) + make_interval(days => ${daysOfInterest}) then null
          when p.status = 'pending' and p.expires_at > now()
            then least(${next}, greatest(p.expires_at, now() + make_interval(secs => ${secondsBetween})))
          else ${next} end
      from due where p.id = due.id
      returning ${columnsOf(sql)}, p.status = 'pending' and p.expires_at <= now() as "overdue"`)
  }

/** Overdue charges that nobody can ask for any more, as when a gateway's credentials were taken away. */
export const forgotten = (sql: SqlClient.SqlClient): Effect.Effect<ReadonlyArray<Payment>, SqlError.SqlError> =>
  decode(sql`
    select ${columnsOf(sql)} from payments p
    where p.status = 'pending' and p.bot_slug is not null and p.next_check_at < now() - interval '5 minutes'
      and p.expires_at < now()
    order by p.next_check_at limit 500`)

export const findById = (sql: SqlClient.SqlClient) => (paymentId: number) =>
  first(sql`select ${columnsOf(sql)} from payments p where p.id = ${paymentId}`)

/** Also finds what the older systems wrote: they kept ids in one of two columns, in either case. */
export const findByChargeId = (sql: SqlClient.SqlClient) => (gateway: string, chargeId: string) =>
  first(sql`
    select ${columnsOf(sql)} from payments p
    where (p.gateway = ${gateway} and lower(p.gateway_charge_id) = ${chargeId})
      or (p.provider = ${gateway} and p.external_id in (${chargeId}, upper(${chargeId})))
    order by p.bot_slug is null, p.id desc limit 1`)

export const findByWebhookKey = (sql: SqlClient.SqlClient) => (gateway: string, key: string) =>
  first(sql`select ${columnsOf(sql)} from payments p where p.webhook_key = ${key} and p.gateway = ${gateway}`)

/** A charge that another gateway made, by its id or the key of its address. */
export const findAtOther =
  (sql: SqlClient.SqlClient) => (gateway: string, chargeId: string | undefined, key: string | null) =>
    first(sql`
      select ${columnsOf(sql)} from payments p
      where p.id in (
        select f.id from payments f where f.webhook_key = ${key}
        union all
        select f.id from payments f
        where f.gateway in ${sql.in(GatewayName.literals)} and lower(f.gateway_charge_id) = ${chargeId ?? null})
        and p.gateway <> ${gateway}
      order by p.id desc limit 1`)
