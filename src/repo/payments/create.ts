import { Effect, type Option } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { firstOf } from "../decode.ts"
import { scheduleCharged } from "../downsells/schedule.ts"
import { insertOutbox, type NewOutboxRow } from "../OutboxRepo.ts"
import { eventOf, stepOf } from "./event.ts"
import { staleSeconds } from "./open.ts"
import { personOf } from "./person.ts"
import { columnsOf, Payment } from "./row.ts"

export interface Created {
  readonly paymentId: number
  readonly chargeId: string
  readonly pixCode: string
  readonly rawStatus: string
  readonly expiresMinutes: number
  readonly firstQuerySeconds: number
}

const decode = firstOf(Payment)

/**
 * The gateway's answer enters the row, and what follows from it is written in the same statement, because the buyer waits
 * for each way to the database: his own row, the event, the downsells, what others are told. A webhook may have been
 * faster: then the row is farther along already and only gets what it lacks. Written twice it is one.
 */
export const markPending =
  (sql: SqlClient.SqlClient) =>
  (created: Created, reports: ReadonlyArray<NewOutboxRow> = []) =>
    decode(sql`
    with charge as (select * from payments where id = ${created.paymentId} for no key update),
    person as (${personOf(sql, "pix", sql`charge`)}),
    stored as (
      update payments p set updated_at = now(), error = null,
        status = case when p.status in ('creating', 'unknown') then 'pending' else p.status end,
        gateway_charge_id = coalesce(p.gateway_charge_id, ${created.chargeId}),
        external_id = coalesce(p.external_id, ${created.chargeId}),
        gateway_status = coalesce(p.gateway_status, ${created.rawStatus}),
        pix_copy_paste = ${created.pixCode}, pix_qr_code = ${created.pixCode},
        expires_at = now() + make_interval(mins => ${created.expiresMinutes}),
        next_check_at = case when p.status in ('creating', 'unknown')
          then now() + make_interval(secs => ${created.firstQuerySeconds}) else p.next_check_at end,
        bot_user_id = coalesce((select u.id from person u), p.bot_user_id)
      where p.id = ${created.paymentId}
      returning p.*),
    event as (${eventOf(
      sql,
      "pix_created",
      sql`stored p left join bots b on b.id = p.bot_id left join person u on true`
    )}),
    step as (${stepOf(sql, "pix_created")}),
    downsells as (${scheduleCharged(sql, sql`stored`, sql`person`)})
    ${reports.length === 0 ? sql`` : sql`, reports as (${insertOutbox(sql, reports, sql`where exists (select from stored)`)})`}
    select ${columnsOf(sql)} from stored p`)

/** A charge whose answer came after somebody else opened another one: kept, asked for, never shown to the buyer. */
export const markSuperseded = (sql: SqlClient.SqlClient) => (created: Created, error: string) =>
  Effect.asVoid(sql`
    update payments p set updated_at = now(), error = ${error}, gateway_charge_id = ${created.chargeId},
      external_id = ${created.chargeId}, gateway_status = ${created.rawStatus}, pix_copy_paste = ${created.pixCode},
      pix_qr_code = ${created.pixCode}, status = case when p.status = 'creating' then 'unknown' else p.status end,
      next_check_at = now() + make_interval(secs => ${created.firstQuerySeconds})
    where p.id = ${created.paymentId} and p.gateway_charge_id is null`)

/** Ends a creation without a charge: `failed` where certainly none exists, `unknown` where one may. */
export const markNotCreated =
  (sql: SqlClient.SqlClient) => (paymentId: number, status: "failed" | "unknown", error: string) =>
    Effect.asVoid(sql`
      update payments p set updated_at = now(), status = ${status}, error = ${error}
      where p.id = ${paymentId} and p.status = 'creating'`)

/** Certainly no charge was made: another gateway makes it. None: the row is not waiting for one any more. */
export const reassign = (sql: SqlClient.SqlClient) => (paymentId: number, gateway: string) =>
  decode(sql`
    update payments p set updated_at = now(), gateway = ${gateway}, provider = ${gateway}
    where p.id = ${paymentId} and p.status = 'creating'
    returning ${columnsOf(sql)}`)

/** Creations whose process died: the gateway may hold a charge that we will only hear of by webhook. */
export const markStaleUnknown =
  (sql: SqlClient.SqlClient) =>
  (error: string): Effect.Effect<ReadonlyArray<{ readonly id: number }>, SqlError.SqlError> =>
    sql<{ readonly id: number }>`
      update payments p set updated_at = now(), status = 'unknown', error = ${error}
      where p.status = 'creating' and p.bot_slug is not null
        and p.created_at < now() - make_interval(secs => ${staleSeconds})
      returning p.id`

/** Gives a row without an id the one that a webhook at its own address brought. None: the id belongs elsewhere. */
export const adoptChargeId =
  (sql: SqlClient.SqlClient) =>
  (paymentId: number, chargeId: string): Effect.Effect<Option.Option<Payment>, SqlError.SqlError> =>
    decode(sql`
      update payments p set updated_at = now(), gateway_charge_id = ${chargeId}, external_id = ${chargeId},
        next_check_at = coalesce(p.next_check_at, now() + interval '1 minute')
      where p.id = ${paymentId} and p.gateway_charge_id is null
        and not exists (select 1 from payments o where o.gateway = p.gateway
          and lower(o.gateway_charge_id) = ${chargeId})
      returning ${columnsOf(sql)}`)
