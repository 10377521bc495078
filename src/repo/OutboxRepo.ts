import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { DeliveryView } from "../domain/payment.ts"
import { limitOf, type ListQuery, type Page, pageOf } from "./cursor.ts"
import { rowsOf } from "./decode.ts"
import { leaseSeconds } from "./lease.ts"
import { listed } from "./listed.ts"
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
  from ${listed(sql, [
    ["text", rows.map((row) => row.destination)],
    ["text", rows.map((row) => row.eventName)],
    ["text", rows.map((row) => JSON.stringify(row.payload))],
    ["bigint", rows.map((row) => row.botId)],
    ["bigint", rows.map((row) => row.paymentId)],
    ["bigint", rows.map((row) => row.telegramId)],
    ["text", rows.map((row) => row.orderKey)],
    ["text", rows.map((row) => row.dedupeKey)],
    ["text", rows.map((row) => row.account ?? "")]
  ])} n (destination, event_name, payload, bot_id, payment_id, telegram_id, order_key, dedupe_key, account)
  ${provided}
  on conflict do nothing`

export const OutboxRow = Schema.Struct({
  id: Schema.Int,
  destination: Schema.String,
  account: Schema.String,
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

/** What becomes of a row that was tried. `afterSeconds` counts for `pending` only. */
export interface Settled {
  readonly id: number
  readonly state: "sent" | "failed" | "pending" | "dropped"
  readonly reason: string | null
  readonly afterSeconds: number
}

/** Which accounts' rows: those of one, or of all but these. Rows without an account are those of `""`. */
export interface ClaimOf {
  readonly limit: number
  readonly only?: string
  readonly without?: ReadonlyArray<string>
}

/** `Newer`: a later word on the same order has arrived already, and this one would take it back. */
export type Replay =
  | { readonly _tag: "Replayed"; readonly delivery: DeliveryView }
  | { readonly _tag: "Missing" | "Sent" | "Newer" }

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
    /** The first row of each order key that is due; so many of each account at most. */
    readonly claim: (destination: string, owner: string, of: ClaimOf) => Sql<ReadonlyArray<OutboxRow>>
    /** False: one of them is somebody else's by now. */
    readonly renew: (ids: ReadonlyArray<number>, owner: string) => Sql<boolean>
    readonly saveProgress: (id: number, owner: string, progress: number) => Sql<void>
    /** Only rows that are still held. */
    readonly settle: (owner: string, rows: ReadonlyArray<Settled>) => Sql<void>
    /** Puts a row that failed, or that waits, in front of the queue. */
    readonly replay: (id: number) => Sql<Replay>
    /** Answers how many rows went. */
    readonly deleteOld: (sentDays: number, failedDays: number, limit: number) => Sql<number>
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

      const claim = (destination: string, owner: string, { limit, only, without = [] }: ClaimOf) =>
        decode(sql`
          with recursive accounts as (
            (select account from outbox where status = 'pending' and destination = ${destination}
              order by account limit 1)
            union all
            select (select next.account from outbox next where next.status = 'pending'
                and next.destination = ${destination} and next.account > accounts.account
                order by next.account limit 1)
            from accounts where accounts.account is not null
          ), due as (
            select d.id from accounts a cross join lateral (
              select d.id from outbox d
              where d.status = 'pending' and d.destination = ${destination} and d.account = a.account
                and d.next_attempt_at <= now() and (d.lease_until is null or d.lease_until < now())
                and not exists (select 1 from outbox before where before.status = 'pending'
                  and before.destination = d.destination and before.order_key = d.order_key and before.id < d.id)
              order by d.next_attempt_at, d.id limit ${limit} for update skip locked) d
            where ${only === undefined ? sql`a.account <> all(${without}::text[])` : sql`a.account = ${only}`}
          )
          update outbox o set owner = ${owner}, lease_until = ${lease}, attempt_count = o.attempt_count + 1
          from due where o.id = due.id
          returning o.id, o.destination, o.account, coalesce(o.event_name, o.topic) as "eventName", o.payload,
            o.bot_id as "botId", o.payment_id as "paymentId", o.telegram_id as "telegramId", o.order_key as "orderKey",
            o.attempt_count as "attempts", o.progress, o.created_at as "createdAt"`)

      const renew = (ids: ReadonlyArray<number>, owner: string) =>
        Effect.map(
          sql`update outbox set lease_until = ${lease}
            where id = any(${ids}::bigint[]) and owner = ${owner} and status = 'pending' returning id`,
          (rows) => rows.length === ids.length
        )

      const saveProgress = (id: number, owner: string, progress: number) =>
        Effect.asVoid(sql`
          update outbox set progress = ${progress}
          where id = ${id} and owner = ${owner} and status = 'pending' and progress < ${progress}`)

      const settle = Effect.fnUntraced(function* (owner: string, rows: ReadonlyArray<Settled>) {
        const dropped = rows.filter(({ state }) => state === "dropped").map(({ id }) => id)
        if (dropped.length > 0) {
          yield* sql`delete from outbox where id = any(${dropped}::bigint[]) and owner = ${owner}`
        }
        const kept = rows.filter(({ state }) => state !== "dropped")
        if (kept.length === 0) return
        yield* sql`
          update outbox o set status = s.state, last_error = s.reason, lease_until = null, owner = null,
            sent_at = case when s.state = 'sent' then now() end,
            processed_at = case when s.state <> 'pending' then now() end,
            next_attempt_at = case when s.state = 'pending' then now() + make_interval(secs => s.seconds)
              else o.next_attempt_at end
          from ${listed(sql, [
            ["bigint", kept.map(({ id }) => id)],
            ["text", kept.map(({ state }) => state)],
            ["text", kept.map(({ reason }) => reason)],
            ["float8", kept.map(({ afterSeconds }) => afterSeconds)]
          ])} s (id, state, reason, seconds)
          where o.id = s.id and o.owner = ${owner} and o.status = 'pending'`
      })

      const viewOf = sql`
        o.id, o.destination, coalesce(o.event_name, o.topic) as event_name, o.payment_id, o.status,
        o.attempt_count as attempts, o.last_error, ${isoOf(sql, "o.next_attempt_at")} as next_attempt_at,
        ${isoOf(sql, "o.created_at")} as created_at, ${microsOf(sql, "o.created_at")} as cursor_at`

      const replay = Effect.fn("OutboxRepo.replay")(function* (
        id: number
      ): Effect.fn.Return<Replay, SqlError.SqlError> {
        const [found] = yield* sql<{ readonly status: string; readonly newer: boolean }>`
          select o.status, o.destination = 'utmify' and exists (select 1 from outbox later
            where later.destination = o.destination and later.payment_id = o.payment_id and later.id > o.id
              and later.status = 'sent') as newer
          from outbox o where o.id = ${id} and o.destination is not null for update`
        if (found === undefined) return { _tag: "Missing" }
        if (found.status === "sent") return { _tag: "Sent" }
        if (found.newer) return { _tag: "Newer" }
        const [row] = yield* decodeViews(sql`
          update outbox o set status = 'pending', next_attempt_at = now(), processed_at = null
          where o.id = ${id} returning ${viewOf}`)
        if (row === undefined) return { _tag: "Missing" }
        const { cursor_at: _cursor, ...delivery } = row
        return { _tag: "Replayed", delivery }
      }, sql.withTransaction)

      const deleteOld = (sentDays: number, failedDays: number, limit: number) =>
        Effect.map(
          sql`
            delete from outbox where id in (
              select id from outbox
              where destination is not null and created_at < now() - make_interval(days => ${Math.min(sentDays, failedDays)})
                and ((status = 'sent' and created_at < now() - make_interval(days => ${sentDays}))
                  or (status = 'failed' and created_at < now() - make_interval(days => ${failedDays})))
              order by created_at, id limit ${limit} for update skip locked)
            returning id`,
          (rows) => rows.length
        )

      const release = (owner: string) =>
        Effect.asVoid(sql`
          update outbox set lease_until = null, owner = null where owner = ${owner} and status = 'pending'`)

      const list = Effect.fn("OutboxRepo.list")(function* (query: ListQuery) {
        const limit = limitOf(query)
        const rows = yield* decodeViews(sql`
          select ${viewOf}
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
        settle,
        replay,
        deleteOld,
        release,
        list
      })
    })
  )
}
