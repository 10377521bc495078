import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

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

/** The inbox of Telegram updates (`telegram_updates`). */
export class UpdatesRepo extends Context.Service<
  UpdatesRepo,
  {
    /** One statement for all rows; answers for each whether it was new. */
    readonly insertMany: (
      owner: string,
      rows: ReadonlyArray<InboxRow>
    ) => Effect.Effect<ReadonlyArray<boolean>, SqlError.SqlError>
    /** Takes over rows that nobody alive is working on: without an owner, or whose owner's heartbeat stopped. */
    readonly claimUnfinished: (
      owner: string,
      limit: number
    ) => Effect.Effect<ReadonlyArray<UnfinishedRow>, SqlError.SqlError>
    /** How many message blocks of its answer are confirmed: after a crash the rest is sent, not the whole. */
    readonly saveProgress: (key: UpdateKey, blocks: number) => Effect.Effect<void, SqlError.SqlError>
    readonly markDead: (key: UpdateKey, attempts: number, error: string) => Effect.Effect<void, SqlError.SqlError>
    readonly saveAttempt: (key: UpdateKey, attempts: number, error: string) => Effect.Effect<void, SqlError.SqlError>
    readonly deleteOlderThan: (hours: number) => Effect.Effect<void, SqlError.SqlError>
  }
>()("funil/repo/UpdatesRepo") {
  static readonly layer = Layer.effect(
    UpdatesRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const insertMany = Effect.fnUntraced(function* (owner: string, rows: ReadonlyArray<InboxRow>) {
        const inserted = yield* sql<{ bot_id: number; update_id: number }>`
          insert into telegram_updates (bot_id, update_id, person_id, kind, payload, request_id, received_at, owner)
          select r.*, ${owner}::text from unnest(
            ${rows.map((r) => r.botId)}::bigint[], ${rows.map((r) => r.updateId)}::bigint[],
            ${rows.map((r) => r.personId)}::bigint[], ${rows.map((r) => r.kind)}::text[],
            ${rows.map((r) => r.payload)}::text[], ${rows.map((r) => r.requestId)}::text[],
            ${rows.map((r) => r.receivedAt.toISOString())}::timestamptz[]) r
          on conflict do nothing
          returning bot_id, update_id`
        const fresh = new Set(inserted.map((row) => `${row.bot_id}:${row.update_id}`))
        // A pair that came twice in one batch is new once.
        return rows.map((row) => fresh.delete(`${row.botId}:${row.updateId}`))
      })

      const claimUnfinished = (owner: string, limit: number) =>
        sql<UnfinishedRow>`
          with candidates as (
            select u.bot_id, u.update_id from telegram_updates u
            where u.state = 0 and u.owner is distinct from ${owner}
              and not exists (select 1 from nodes n where n.id = u.owner and n.seen_at > now() - interval '8 seconds')
            order by u.received_at limit ${limit} for update skip locked)
          update telegram_updates u set owner = ${owner} from candidates c
          where u.bot_id = c.bot_id and u.update_id = c.update_id
          returning u.bot_id as "botId", u.update_id as "updateId", u.person_id as "personId", u.kind, u.payload,
            coalesce(u.request_id, '') as "requestId", u.received_at as "receivedAt", u.attempts, u.progress`.pipe(
          Effect.map((rows) => rows.toSorted((a, b) => a.receivedAt.getTime() - b.receivedAt.getTime()))
        )

      const saveProgress = (key: UpdateKey, blocks: number) =>
        Effect.asVoid(sql`
          update telegram_updates set progress = ${blocks}
          where bot_id = ${key.botId} and update_id = ${key.updateId}`)

      const markDead = (key: UpdateKey, attempts: number, error: string) =>
        Effect.asVoid(sql`
          update telegram_updates set state = 2, attempts = ${attempts}, error = ${error}, done_at = now()
          where bot_id = ${key.botId} and update_id = ${key.updateId} and state = 0`)

      const saveAttempt = (key: UpdateKey, attempts: number, error: string) =>
        Effect.asVoid(sql`
          update telegram_updates set attempts = ${attempts}, error = ${error}
          where bot_id = ${key.botId} and update_id = ${key.updateId} and state = 0`)

      const deleteOlderThan = (hours: number) =>
        Effect.asVoid(sql`
          delete from telegram_updates where state = 1 and received_at < now() - make_interval(hours => ${hours})`)

      return UpdatesRepo.of({
        insertMany,
        claimUnfinished,
        saveProgress,
        markDead,
        saveAttempt,
        deleteOlderThan
      })
    })
  )
}
