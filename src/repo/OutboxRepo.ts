import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { DeliveryView } from "../domain/payment.ts"
import { limitOf, type ListQuery, type Page, pageOf } from "./cursor.ts"
import { rowsOf } from "./decode.ts"
import { leaseSeconds } from "./lease.ts"
import { isoOf, listConditions, microsOf } from "./listing.ts"

export interface NewOutboxRow {
  readonly destination: string
  readonly eventName: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly botId: number | null
  readonly paymentId: number | null
  readonly telegramId: number | null
  /** Rows of one key and destination leave one after another, in the order they were written. */
  readonly orderKey: string
  /** The same fact written twice is one row. */
  readonly dedupeKey: string
  /** At the destination: one that refuses us holds only its own rows. */
  readonly account?: string | undefined
}

/**
 * Writes rows as a part of somebody's statement, in the order given; what is written already stays as it is.
 * `.unprepared` is for whoever joins on it.
 */
export const insertOutbox = (
  sql: SqlClient.SqlClient,
  rows: ReadonlyArray<NewOutboxRow>,
  /** Joins and conditions of that statement on the rows `n`. */
  provided: Statement.Fragment = sql``
) => sql`
  insert into outbox (topic, destination, event_name, payload, bot_id, payment_id, telegram_id, order_key, dedupe_key,
    account)
  select n.event_name, n.destination, n.event_name, n.payload::jsonb, n.bot_id, n.payment_id, n.telegram_id,
    n.order_key, n.dedupe_key, n.account
  from unnest(
    ${rows.map((row) => row.destination)}::text[], ${rows.map((row) => row.eventName)}::text[],
    ${rows.map((row) => JSON.stringify(row.payload))}::text[], ${rows.map((row) => row.botId)}::bigint[],
    ${rows.map((row) => row.paymentId)}::bigint[], ${rows.map((row) => row.telegramId)}::bigint[],
    ${rows.map((row) => row.orderKey)}::text[], ${rows.map((row) => row.dedupeKey)}::text[],
    ${rows.map((row) => row.account ?? null)}::text[]
  ) n (destination, event_name, payload, bot_id, payment_id, telegram_id, order_key, dedupe_key, account)
  ${provided}
  on conflict do nothing`

export const OutboxRow = Schema.Struct({
  id: Schema.Int,
  destination: Schema.String,
  eventName: Schema.String,
  payload: Schema.Unknown,
  botId: Schema.NullOr(Schema.Int),
  paymentId: Schema.NullOr(Schema.Int),
  telegramId: Schema.NullOr(Schema.Int),
  orderKey: Schema.NullOr(Schema.String),
  /** How often it was tried, this time included. */
  attempts: Schema.Int,
  /** Parts that are confirmed already: the rest is sent, not the whole. */
  progress: Schema.Int,
  createdAt: Schema.Date
})
export type OutboxRow = typeof OutboxRow.Type

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

const decode = rowsOf(OutboxRow)
const decodeViews = rowsOf(Schema.Struct({ ...DeliveryView.fields, cursor_at: Schema.String }))

/** What must reach somebody outside because a transaction was committed (`outbox`). */
export class OutboxRepo extends Context.Service<
  OutboxRepo,
  {
    /** Joins the caller's transaction. False: this fact is written already. */
    readonly enqueue: (row: NewOutboxRow) => Sql<boolean>
    /** The same for many at once. */
    readonly enqueueAll: (rows: ReadonlyArray<NewOutboxRow>) => Sql<void>
    readonly claim: (destination: string, owner: string, limit: number) => Sql<ReadonlyArray<OutboxRow>>
    readonly renew: (id: number, owner: string) => Sql<boolean>
    readonly saveProgress: (id: number, owner: string, progress: number) => Sql<void>
    readonly markSent: (id: number, owner: string) => Sql<void>
    readonly retry: (id: number, owner: string, afterSeconds: number, reason: string) => Sql<void>
    readonly markFailed: (id: number, owner: string, reason: string) => Sql<void>
    readonly release: (owner: string) => Sql<void>
    readonly list: (query: ListQuery) => Sql<Page<DeliveryView>>
  }
>()("funil/repo/OutboxRepo") {
  static readonly layer = Layer.effect(
    OutboxRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const lease = sql`now() + make_interval(secs => ${leaseSeconds})`

      const enqueue = (row: NewOutboxRow) =>
        Effect.map(sql`${insertOutbox(sql, [row])} returning id`, (rows) => rows.length > 0)

      const enqueueAll = (rows: ReadonlyArray<NewOutboxRow>) =>
        rows.length === 0 ? Effect.void : Effect.asVoid(insertOutbox(sql, rows))

      const claim = (destination: string, owner: string, limit: number) =>
        decode(sql`
          with due as (
            select d.id from outbox d
            where d.status = 'pending' and d.destination = ${destination} and d.next_attempt_at <= now()
              and (d.lease_until is null or d.lease_until < now())
              and not exists (select 1 from outbox before where before.status = 'pending'
                and before.destination = d.destination and before.order_key = d.order_key and before.id < d.id)
            order by d.next_attempt_at, d.id limit ${limit} for update skip locked)
          update outbox o set owner = ${owner}, lease_until = ${lease}, attempt_count = o.attempt_count + 1
          from due where o.id = due.id
          returning o.id, o.destination, coalesce(o.event_name, o.topic) as "eventName", o.payload, o.bot_id as "botId",
            o.payment_id as "paymentId", o.telegram_id as "telegramId", o.order_key as "orderKey",
            o.attempt_count as "attempts", o.progress, o.created_at as "createdAt"`)

      const renew = (id: number, owner: string) =>
        Effect.map(
          sql`update outbox set lease_until = ${lease}
            where id = ${id} and owner = ${owner} and status = 'pending' returning id`,
          (rows) => rows.length > 0
        )

      const saveProgress = (id: number, owner: string, progress: number) =>
        Effect.asVoid(sql`
          update outbox set progress = ${progress}
          where id = ${id} and owner = ${owner} and status = 'pending' and progress < ${progress}`)

      const markSent = (id: number, owner: string) =>
        Effect.asVoid(sql`
          update outbox set status = 'sent', sent_at = now(), processed_at = now(), lease_until = null, owner = null,
            last_error = null
          where id = ${id} and owner = ${owner} and status = 'pending'`)

      const retry = (id: number, owner: string, afterSeconds: number, reason: string) =>
        Effect.asVoid(sql`
          update outbox set next_attempt_at = now() + make_interval(secs => ${afterSeconds}), last_error = ${reason},
            lease_until = null, owner = null
          where id = ${id} and owner = ${owner} and status = 'pending'`)

      const markFailed = (id: number, owner: string, reason: string) =>
        Effect.asVoid(sql`
          update outbox set status = 'failed', processed_at = now(), last_error = ${reason}, lease_until = null,
            owner = null
          where id = ${id} and owner = ${owner} and status = 'pending'`)

      const release = (owner: string) =>
        Effect.asVoid(sql`
          update outbox set lease_until = null, owner = null where owner = ${owner} and status = 'pending'`)

      const list = Effect.fn("OutboxRepo.list")(function* (query: ListQuery) {
        const limit = limitOf(query)
        const rows = yield* decodeViews(sql`
          select o.id, o.destination, coalesce(o.event_name, o.topic) as event_name, o.payment_id, o.status,
            o.attempt_count as attempts, o.last_error, ${isoOf(sql, "o.next_attempt_at")} as next_attempt_at,
            ${isoOf(sql, "o.created_at")} as created_at, ${microsOf(sql, "o.created_at")} as cursor_at
          from outbox o
          where ${sql.and([
            sql`o.destination is not null`,
            ...listConditions(sql, query, "o"),
            ...(query.status === undefined ? [] : [sql`o.status = ${query.status}`]),
            ...(query.telegramId === undefined ? [] : [sql`o.telegram_id = ${query.telegramId}`])
          ])}
          order by o.created_at desc, o.id desc limit ${limit + 1}`)
        const page: Page<DeliveryView> = pageOf(rows, limit)
        return page
      })

      return OutboxRepo.of({
        enqueue,
        enqueueAll,
        claim,
        renew,
        saveProgress,
        markSent,
        retry,
        markFailed,
        release,
        list
      })
    })
  )
}
