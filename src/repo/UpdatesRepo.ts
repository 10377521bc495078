import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { Page } from "./cursor.ts"
import { listed } from "./listed.ts"
import { list, type UpdatesQuery, type UpdateView } from "./updates/list.ts"
import { replay, type Replay, replayAll } from "./updates/replay.ts"

export interface InboxRow {
  readonly botId: number
  readonly updateId: number
  readonly personId: number | null
  readonly kind: string
  readonly payload: string
  readonly requestId: string
  readonly receivedAt: Date
}

export interface UnfinishedRow extends InboxRow {
  readonly attempts: number
  readonly progress: number
}

export interface UpdateKey {
  readonly botId: number
  readonly updateId: number
}

/** A row in the name of the process that works on it; another name in the row means that it was taken over. */
export interface HeldKey extends UpdateKey {
  readonly hold: { readonly owner: string }
}

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/**
 * Telegram repeats what it got no 200 for, and then much of it: after one repetition each insert is prepared for more.
 * Otherwise none is: it costs PostgreSQL 7.9 µs a row instead of 4.8, and of an acknowledgement 1 in 20.
 */
const lookOutMs = 10_000

/** The inbox of Telegram updates (`telegram_updates`). */
export class UpdatesRepo extends Context.Service<
  UpdatesRepo,
  {
    /**
     * All rows or none; answers for each whether it was new. Without an owner anybody may claim them. Not for use inside
     * a transaction: a repeated row would end it.
     */
    readonly insertMany: (
      owner: string | null,
      rows: ReadonlyArray<InboxRow>
    ) => Effect.Effect<ReadonlyArray<boolean>, SqlError.SqlError>
    /** Takes over rows that nobody alive is working on: without an owner, or whose owner left or was buried. */
    readonly claimUnfinished: (owner: string, limit: number) => Sql<ReadonlyArray<UnfinishedRow>>
    /** Keeps what this process works on under its new name, as far as nobody has taken it. */
    readonly retain: (formerly: string, owner: string, keys: ReadonlyArray<UpdateKey>) => Sql<ReadonlyArray<UpdateKey>>
    /** Everything that waits in this name. */
    readonly waitingOf: (owner: string) => Sql<ReadonlyArray<UpdateKey>>
    /** Those of the owner's rows that still wait. */
    readonly waitingAmong: (owner: string, keys: ReadonlyArray<UpdateKey>) => Sql<ReadonlyArray<UnfinishedRow>>
    /**
     * How many message blocks of its answer are confirmed: after a crash the rest is sent, not the whole. False: the row
     * is not held any more.
     */
    readonly saveProgress: (key: HeldKey, blocks: number) => Sql<boolean>
    readonly markDead: (key: HeldKey, attempts: number, error: string) => Sql<void>
    readonly saveAttempt: (key: HeldKey, attempts: number, error: string) => Sql<void>
    readonly deleteOlderThan: (hours: number) => Effect.Effect<void, SqlError.SqlError>
    readonly list: (query: UpdatesQuery) => Effect.Effect<Page<UpdateView>, SqlError.SqlError>
    /** A dead update waits again, owned by nobody. */
    readonly replay: (key: UpdateKey) => Effect.Effect<Replay, SqlError.SqlError>
    /** Every dead update of a bot, or of all bots; answers how many. */
    readonly replayAll: (botId: number | undefined) => Sql<number>
  }
>()("funil/repo/UpdatesRepo") {
  static readonly layer = Layer.effect(
    UpdatesRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const inserting = (owner: string | null, rows: ReadonlyArray<InboxRow>) => sql`
        insert into telegram_updates (bot_id, update_id, person_id, kind, payload, request_id, received_at, owner)
        select r.bot_id, r.update_id, r.person_id, r.kind, r.payload, r.request_id,
          to_timestamp(r.received_ms / 1000), ${owner}::text
        from ${listed(sql, [
          ["bigint", rows.map((r) => r.botId)],
          ["bigint", rows.map((r) => r.updateId)],
          ["bigint", rows.map((r) => r.personId)],
          ["text", rows.map((r) => r.kind)],
          ["text", rows.map((r) => r.payload)],
          ["text", rows.map((r) => r.requestId)],
          ["float8", rows.map((r) => r.receivedAt.getTime())]
        ])} r (bot_id, update_id, person_id, kind, payload, request_id, received_ms)`

      const insertMissing = Effect.fnUntraced(function* (owner: string | null, rows: ReadonlyArray<InboxRow>) {
        // Almost always all of them are new; then nobody is named in the answer.
        const [answer] = yield* sql<{ readonly fresh: ReadonlyArray<string> | null }>`
          with inserted as (${inserting(owner, rows)} on conflict do nothing returning bot_id, update_id)
          select case when (select count(*) from inserted) < ${rows.length}::int then
            array(select bot_id || ':' || update_id from inserted) end as fresh`
        const named = answer?.fresh ?? null
        if (named === null) return rows.map(() => true)
        lookOut()
        const fresh = new Set(named)
        // A pair that came twice in one batch is new once.
        return rows.map((row) => fresh.delete(`${row.botId}:${row.updateId}`))
      })

      let lookOutUntilMs = 0
      const lookOut = () => {
        lookOutUntilMs = performance.now() + lookOutMs
      }

      const insertMany = (owner: string | null, rows: ReadonlyArray<InboxRow>) =>
        Effect.suspend(() => {
          if (performance.now() < lookOutUntilMs) return insertMissing(owner, rows)
          return inserting(owner, rows).pipe(
            Effect.as(rows.map(() => true)),
            Effect.catchReason("SqlError", "UniqueViolation", () => {
              lookOut()
              return insertMissing(owner, rows)
            })
          )
        })

      const columns = sql`u.bot_id as "botId", u.update_id as "updateId", u.person_id as "personId", u.kind, u.payload,
        coalesce(u.request_id, '') as "requestId", u.received_at as "receivedAt", u.attempts, u.progress`
      const among = (keys: ReadonlyArray<UpdateKey>) => sql`
        unnest(${keys.map((key) => key.botId)}::bigint[], ${keys.map((key) => key.updateId)}::bigint[])
          k (bot_id, update_id)`
      const held = ({ botId, hold, updateId }: HeldKey) => sql`
        bot_id = ${botId} and update_id = ${updateId} and state = 0 and owner = ${hold.owner}`

      // The names are looked up first, once: a row whose name changes while we wait for its lock is judged by the new
      // one, not by whether that belongs to anybody.
      const claimUnfinished = (owner: string, limit: number) =>
        sql<UnfinishedRow>`
          with candidates as (
            select u.bot_id, u.update_id from telegram_updates u
            where u.state = 0 and (u.owner is null or u.owner = any(array(
              select distinct w.owner from telegram_updates w
              where w.state = 0 and not exists (select 1 from nodes n where n.id = w.owner))))
            order by u.received_at limit ${limit} for update skip locked)
          update telegram_updates u set owner = ${owner} from candidates c
          where u.bot_id = c.bot_id and u.update_id = c.update_id
          returning ${columns}`.pipe(
          Effect.map((rows) => rows.toSorted((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime()))
        )

      const retain = (formerly: string, owner: string, keys: ReadonlyArray<UpdateKey>) =>
        sql<UpdateKey>`
          update telegram_updates u set owner = ${owner} from ${among(keys)}
          where u.bot_id = k.bot_id and u.update_id = k.update_id and u.state = 0
            and u.owner in (${formerly}, ${owner})
          returning u.bot_id as "botId", u.update_id as "updateId"`

      const waitingOf = (owner: string) =>
        sql<UpdateKey>`
          select u.bot_id as "botId", u.update_id as "updateId" from telegram_updates u
          where u.state = 0 and u.owner = ${owner}`

      const waitingAmong = (owner: string, keys: ReadonlyArray<UpdateKey>) =>
        sql<UnfinishedRow>`
          select ${columns} from telegram_updates u join ${among(keys)}
            on u.bot_id = k.bot_id and u.update_id = k.update_id
          where u.state = 0 and u.owner = ${owner}`

      const saveProgress = (key: HeldKey, blocks: number) =>
        Effect.map(
          sql`update telegram_updates set progress = ${blocks} where ${held(key)} returning 1`,
          (rows) => rows.length > 0
        )

      const markDead = (key: HeldKey, attempts: number, error: string) =>
        Effect.asVoid(sql`
          update telegram_updates set state = 2, attempts = ${attempts}, error = ${error}, done_at = now()
          where ${held(key)}`)

      const saveAttempt = (key: HeldKey, attempts: number, error: string) =>
        Effect.asVoid(sql`
          update telegram_updates set attempts = ${attempts}, error = ${error} where ${held(key)}`)

      const deleteOlderThan = (hours: number) =>
        Effect.asVoid(sql`
          delete from telegram_updates where state = 1 and received_at < now() - make_interval(hours => ${hours})`)

      return UpdatesRepo.of({
        insertMany,
        claimUnfinished,
        retain,
        waitingOf,
        waitingAmong,
        saveProgress,
        markDead,
        saveAttempt,
        deleteOlderThan,
        list: list(sql),
        replay: replay(sql),
        replayAll: replayAll(sql)
      })
    })
  )
}
