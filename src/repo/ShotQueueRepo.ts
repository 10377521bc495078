import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { BulkQueue, BulkTarget, Departed, Departure, Settlement } from "./bulk.ts"
import { type BulkLease, stillLeased } from "./BulkLeasesRepo.ts"
import { forFew } from "./forFew.ts"
import { type Refusal, refusalOf } from "./shots/refusal.ts"

export interface Claimed {
  readonly targets: ReadonlyArray<BulkTarget>
  /** Looked at, refused ones included; fewer than asked for: there are no more. */
  readonly looked: number
  readonly lastId: number
}

type Answer<A> = Effect.Effect<A, SqlError.SqlError>

/**
 * The people of shots (`shots_queue`). A bot's lease lets one process work on its rows, so looking at them takes no
 * lock; what decides is the departure: one conditional UPDATE, in the lease's name, before the message may leave. Who
 * departed in a name that is gone is `ambiguous` and never sent to again.
 */
export class ShotQueueRepo extends Context.Service<
  ShotQueueRepo,
  BulkQueue & {
    /** The next ones behind `afterId`. Who may not get it any more is settled in passing. */
    readonly claim: (lease: BulkLease, shotId: number, afterId: number, limit: number) => Answer<Claimed>
    /**
     * The same for one shot of which nothing is under way here: rows in this lease's name are nobody's, those of others
     * when they had half a minute to settle them.
     */
    readonly giveUp: (lease: BulkLease, shotId: number) => Answer<number>
    /** Milliseconds until the next one that waits may be tried; undefined when none waits but those under way. */
    readonly nextTryMs: (shotId: number) => Answer<number | undefined>
    /** Of those tried since the shot began or was resumed: how many, and how many failed. */
    readonly tally: (shotId: number) => Answer<{ readonly attempted: number; readonly failed: number }>
  }
>()("funil/repo/ShotQueueRepo") {
  static readonly layer = Layer.effect(
    ShotQueueRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const refusal = refusalOf(sql)

      // The lateral join keeps the planner from hashing all people of a bot for a handful of rows.
      const claim = (lease: BulkLease, shotId: number, afterId: number, limit: number) =>
        Effect.map(
          sql<BulkTarget & { refusal: Refusal | null }>`
            with due as (
              select q.id, q.telegram_id, q.attempts, u.first_name, u.username, ${refusal} as refusal
              from shots_queue q
              join shots s on s.id = q.shot_id
              join bots b on b.id = ${lease.botId}
              left join lateral (
                select * from bot_users p where p.bot_id = ${lease.botId} and p.telegram_id = q.telegram_id limit 1
              ) u on true
              where q.shot_id = ${shotId} and q.status = 'pending' and q.sending_at is null and q.id > ${afterId}
                and (q.next_attempt_at is null or q.next_attempt_at <= now())
              order by q.id limit ${limit}
            ), refused as (
              update shots_queue q set status = case when d.refusal = 'blocked' then 'blocked' else 'skipped' end,
                outcome = d.refusal, settled_at = now(), updated_at = now()
              from due d where q.id = d.id and d.refusal is not null and q.status = 'pending' and ${stillLeased(sql, lease)}
            )
            select d.id, d.telegram_id as "telegramId", d.attempts, d.first_name as "firstName", d.username, d.refusal
            from due d order by d.id`,
          (rows) => ({
            targets: rows.filter((row) => row.refusal === null),
            looked: rows.length,
            lastId: rows.at(-1)?.id ?? afterId
          })
        )

      const depart = (departures: ReadonlyArray<Departure>) => {
        const statement = sql<{ id: number; refused: boolean }>`
            with judged as materialized (
              select q.id, k.owner, k.epoch, ${refusal} as refusal
              from unnest(${departures.map(({ id }) => id)}::bigint[], ${departures.map(({ lease }) => lease.botId)}::bigint[],
                ${departures.map(({ lease }) => lease.owner)}::text[],
                ${departures.map(({ lease }) => lease.epoch)}::bigint[]) k (id, bot_id, owner, epoch)
              join bot_leases l on l.bot_id = k.bot_id and l.owner = k.owner and l.epoch = k.epoch
              join bots b on b.id = k.bot_id
              join shots_queue q on q.id = k.id
              join shots s on s.id = q.shot_id
              left join lateral (
                select * from bot_users p where p.bot_id = k.bot_id and p.telegram_id = q.telegram_id limit 1
              ) u on true
              where s.status = 'sending'
            )
            update shots_queue q set
              sender = case when j.refusal is null then j.owner end,
              sender_epoch = case when j.refusal is null then j.epoch end,
              sending_at = case when j.refusal is null then now() end,
              status = case when j.refusal is null then 'pending' when j.refusal = 'blocked' then 'blocked'
                else 'skipped' end,
              outcome = j.refusal, settled_at = case when j.refusal is not null then now() end
            from judged j
            where q.id = j.id and q.status = 'pending'
              and (q.sending_at is null or q.sender = j.owner and q.sender_epoch = j.epoch)
            returning q.id, j.refusal is not null as refused`
        return Effect.map(forFew(statement, departures.length), (rows) => {
          const answers = new Map(rows.map(({ id, refused }) => [id, refused ? "refused" : "go"] as const))
          return departures.map(({ id }): Departed => answers.get(id) ?? "lost")
        })
      }

      // Whoever has the truth writes it, even when somebody else has already given the message up for ambiguous.
      const settle = Effect.fnUntraced(function* (settlements: ReadonlyArray<Settlement>) {
        yield* write(settlements)
        const gone = settlements.filter(({ status }) => status === "blocked")
        if (gone.length > 0) yield* unreachable(gone)
      })

      /** Whom one message cannot reach, none can. */
      const unreachable = (gone: ReadonlyArray<Settlement>) =>
        sql`
          update bot_users u set blocked = true, blocked_at = now(), updated_at = now()
          from unnest(${gone.map(({ id }) => id)}::bigint[], ${gone.map(({ lease }) => lease.botId)}::bigint[])
            k (id, bot_id) join shots_queue q on q.id = k.id
          where u.bot_id = k.bot_id and u.telegram_id = q.telegram_id and not u.blocked`.unprepared

      // The list of ids beside the join keeps the planner from reading everybody who waits: 0.26 s of a statement where
      // there were 300,000, against 0.03.
      const write = (settlements: ReadonlyArray<Settlement>) => {
        const ids = settlements.map(({ id }) => id)
        const statement = sql`
            update shots_queue q set status = k.status, error_message = k.error, message_id = k.message_id,
              outcome = null, sending_at = case when k.status <> 'pending' then q.sending_at end,
              sent_at = case when k.status = 'sent' then now() end,
              next_attempt_at = now() + make_interval(secs => k.retry_after),
              settled_at = case when k.status <> 'pending' then now() end,
              attempts = q.attempts + k.tried, last_attempt_at = now(), updated_at = now()
            from unnest(${ids}::bigint[], ${settlements.map((one) => one.lease.owner)}::text[],
              ${settlements.map((one) => one.lease.epoch)}::bigint[],
              ${settlements.map((one) => one.status)}::text[], ${settlements.map((one) => one.error ?? null)}::text[],
              ${settlements.map((one) => one.messageId ?? null)}::bigint[],
              ${settlements.map((one) => one.retryAfterSeconds ?? null)}::float8[],
              ${settlements.map((one) => (one.tried ? 1 : 0))}::int[])
              k (id, owner, epoch, status, error, message_id, retry_after, tried)
            where q.id = k.id and q.id = any(${ids}::bigint[]) and q.sender = k.owner and q.sender_epoch = k.epoch
              and q.status in ('pending', 'ambiguous')`
        return Effect.asVoid(forFew(statement, settlements.length))
      }

      const abandon = (leases: ReadonlyArray<BulkLease>) =>
        Effect.map(
          sql<{ id: number }>`
            update shots_queue q set status = 'ambiguous', settled_at = now(), updated_at = now(),
              error_message = 'o processo que enviava parou'
            from unnest(${leases.map((lease) => lease.botId)}::bigint[], ${leases.map((lease) => lease.owner)}::text[],
                ${leases.map((lease) => lease.epoch)}::bigint[]) k (bot_id, owner, epoch)
              join bot_leases l on l.bot_id = k.bot_id and l.owner = k.owner and l.epoch = k.epoch
              join shots s on s.bot_id = k.bot_id and s.frozen_at is not null
                and (s.status in ('sending', 'paused') or s.canceled_at > now() - interval '1 day')
            where q.shot_id = s.id and q.status = 'pending' and q.sending_at is not null
              and (q.sender, q.sender_epoch) is distinct from (k.owner, k.epoch)
            returning q.id`.unprepared,
          (rows) => rows.length
        )

      const giveUp = (lease: BulkLease, shotId: number) =>
        Effect.map(
          sql<{ id: number }>`
            update shots_queue q set status = 'ambiguous', settled_at = now(), updated_at = now(),
              error_message = 'o processo que enviava parou'
            where q.shot_id = ${shotId} and q.status = 'pending' and q.sending_at is not null
              and (q.sender = ${lease.owner} and q.sender_epoch = ${lease.epoch}
                or q.sending_at < now() - interval '30 seconds')
              and ${stillLeased(sql, lease)}
            returning q.id`,
          (rows) => rows.length
        )

      const nextTryMs = (shotId: number) =>
        Effect.map(
          sql<{ ms: number | null }>`
            select ceil(extract(epoch from min(coalesce(next_attempt_at, now())) - now()) * 1000)::bigint as ms
            from shots_queue where shot_id = ${shotId} and status = 'pending' and sending_at is null`,
          (rows) => (rows[0]?.ms == null ? undefined : Math.max(0, rows[0].ms))
        )

      const tally = (shotId: number) =>
        Effect.map(
          sql<{ attempted: number; failed: number }>`
            select (count(*) filter (where q.status <> 'skipped'))::int as attempted,
              (count(*) filter (where q.status in ('failed', 'ambiguous')))::int as failed
            from shots_queue q join shots s on s.id = q.shot_id
            where q.shot_id = ${shotId} and q.settled_at >= s.resumed_at and q.sending_at is not null`,
          (rows) => rows[0] ?? { attempted: 0, failed: 0 }
        )

      return ShotQueueRepo.of({ claim, depart, settle, abandon, giveUp, nextTryMs, tally })
    })
  )
}
