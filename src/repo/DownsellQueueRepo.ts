import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { BulkQueue, BulkTarget, Departed, Departure, Settlement } from "./bulk.ts"
import type { BulkLease } from "./BulkLeasesRepo.ts"
import { endOf, verdictOf } from "./downsells/verdict.ts"

/** Somebody who is due for a downsell, or will be in `inMs`. */
export interface DownsellTarget extends BulkTarget {
  readonly botId: number
  readonly downsellId: number
  readonly inMs: number
}

/** Rows of one bot that are wanted, the earliest first. */
export interface Wanted {
  readonly botId: number
  readonly slug: string
  readonly limit: number
}

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/** The people whom downsells wait for (`downsells_queue`); see bulk.ts for who may send what. */
export class DownsellQueueRepo extends Context.Service<
  DownsellQueueRepo,
  BulkQueue & {
    /** What is due, and what will be within `horizonMs`; nothing that is under way or too late. */
    readonly due: (wanted: ReadonlyArray<Wanted>, horizonMs: number) => Sql<ReadonlyArray<DownsellTarget>>
    /** Not now: outside the seller's hours, or what is to be said is not known here yet. */
    readonly postpone: (rows: ReadonlyArray<{ readonly id: number; readonly seconds: number }>) => Sql<void>
    /** Ends what is later than the seller allows, at most so many at a time; answers how many. */
    readonly dropLate: (limit: number) => Sql<number>
  }
>()("funil/repo/DownsellQueueRepo") {
  static readonly layer = Layer.effect(
    DownsellQueueRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const held = (departures: ReadonlyArray<Departure>) => sql`
        unnest(${departures.map(({ id }) => id)}::bigint[], ${departures.map(({ lease }) => lease.botId)}::bigint[],
          ${departures.map(({ lease }) => lease.owner)}::text[], ${departures.map(({ lease }) => lease.epoch)}::bigint[])
          k (id, bot_id, owner, epoch)
        join bot_leases l on l.bot_id = k.bot_id and l.owner = k.owner and l.epoch = k.epoch`

      const due = (wanted: ReadonlyArray<Wanted>, horizonMs: number) =>
        sql<DownsellTarget>`
          select q.id, w.bot_id as "botId", q.telegram_id as "telegramId", u.first_name as "firstName", u.username,
            q.attempts, q.downsell_id as "downsellId",
            greatest(0, extract(epoch from q.scheduled_at - now()) * 1000)::float8 as "inMs"
          from unnest(${wanted.map((one) => one.botId)}::bigint[], ${wanted.map((one) => one.slug)}::text[],
              ${wanted.map((one) => one.limit)}::int[]) w (bot_id, slug, n)
            cross join lateral (select q.* from downsells_queue q join bot_downsells d on d.id = q.downsell_id
              where q.bot_slug = w.slug and q.status = 'pending' and q.sending_at is null
                and q.scheduled_at <= now() + make_interval(secs => ${horizonMs / 1000}::float8)
                and (d.drop_after_seconds is null
                  or q.scheduled_at >= now() - make_interval(secs => d.drop_after_seconds))
              order by q.scheduled_at, q.id limit w.n) q
            left join bot_users u on u.bot_id = w.bot_id and u.telegram_id = q.telegram_id
          order by q.scheduled_at, q.id`

      const depart = (departures: ReadonlyArray<Departure>) =>
        Effect.map(
          sql<{ id: number; refused: boolean }>`
            with judged as (
              select q.id, k.owner, k.epoch, j.verdict
              from ${held(departures)}
                join downsells_queue q on q.id = k.id
                join bots b on b.id = k.bot_id and b.slug = q.bot_slug and b.active
                ${verdictOf(sql)}
            )
            update downsells_queue q set updated_at = now(),
              sender = case when j.verdict is null then j.owner end,
              sender_epoch = case when j.verdict is null then j.epoch end,
              sending_at = case when j.verdict is null then now() end,
              status = case when j.verdict is null then 'pending' else ${endOf(sql)} end,
              cancel_reason = j.verdict
            from judged j
            where q.id = j.id and q.status = 'pending'
              and (q.sending_at is null or q.sender = j.owner and q.sender_epoch = j.epoch)
            returning q.id, j.verdict is not null as refused`,
          (rows) => {
            const answers = new Map(rows.map(({ id, refused }) => [id, refused ? "refused" : "go"] as const))
            return departures.map(({ id }): Departed => answers.get(id) ?? "lost")
          }
        )

      // The words of the table's old CHECK; what happened exactly stands in outcome. Whoever has the truth writes it,
      // even when somebody else has already given the message up for ambiguous.
      const settle = (settlements: ReadonlyArray<Settlement>) =>
        Effect.asVoid(sql`
          with settled as (
            update downsells_queue q set
              status = case when k.status in ('blocked', 'ambiguous') then 'failed' else k.status end,
              outcome = case when k.status in ('blocked', 'ambiguous') then k.status end,
              error_message = k.error, message_id = k.message_id,
              sending_at = case when k.status <> 'pending' then q.sending_at end,
              sent_at = case when k.status = 'sent' then now() end,
              scheduled_at = case when k.status <> 'pending' then q.scheduled_at
                else greatest(q.scheduled_at, now() + make_interval(secs => k.retry_after)) end,
              attempts = q.attempts + k.tried, last_attempt_at = now(), updated_at = now()
            from unnest(${settlements.map((one) => one.id)}::bigint[],
                ${settlements.map((one) => one.lease.botId)}::bigint[],
                ${settlements.map((one) => one.lease.owner)}::text[],
                ${settlements.map((one) => one.lease.epoch)}::bigint[],
                ${settlements.map((one) => one.status)}::text[], ${settlements.map((one) => one.error ?? null)}::text[],
                ${settlements.map((one) => one.messageId ?? null)}::bigint[],
                ${settlements.map((one) => one.retryAfterSeconds ?? 0)}::float8[],
                ${settlements.map((one) => (one.tried ? 1 : 0))}::int[])
              k (id, bot_id, owner, epoch, status, error, message_id, retry_after, tried)
            where q.id = k.id and q.sender = k.owner and q.sender_epoch = k.epoch
              and (q.status = 'pending' or q.outcome = 'ambiguous')
            returning k.bot_id, q.telegram_id, q.outcome)
          update bot_users u set blocked = true, blocked_at = now(), updated_at = now()
          from settled s where s.outcome = 'blocked' and u.bot_id = s.bot_id and u.telegram_id = s.telegram_id
            and not u.blocked`)

      const postpone = (rows: ReadonlyArray<{ readonly id: number; readonly seconds: number }>) =>
        Effect.asVoid(sql`
          update downsells_queue q set scheduled_at = now() + make_interval(secs => k.seconds), updated_at = now()
          from unnest(${rows.map((row) => row.id)}::bigint[], ${rows.map((row) => row.seconds)}::float8[]) k (id, seconds)
          where q.id = k.id and q.status = 'pending' and q.sending_at is null`)

      const abandon = (leases: ReadonlyArray<BulkLease>) =>
        Effect.map(
          sql`
            update downsells_queue q set status = 'failed', outcome = 'ambiguous', updated_at = now(),
              error_message = 'o processo que enviava parou'
            from unnest(${leases.map((lease) => lease.botId)}::bigint[], ${leases.map((lease) => lease.owner)}::text[],
                ${leases.map((lease) => lease.epoch)}::bigint[]) k (bot_id, owner, epoch)
              join bot_leases l on l.bot_id = k.bot_id and l.owner = k.owner and l.epoch = k.epoch
              join bots b on b.id = k.bot_id
            where q.bot_slug = b.slug and q.status = 'pending' and q.sending_at is not null
              and (q.sender, q.sender_epoch) is distinct from (k.owner, k.epoch)
            returning q.id`,
          (rows) => rows.length
        )

      const dropLate = (limit: number) =>
        Effect.map(
          sql`
            with late as (
              select q.id from downsells_queue q join bot_downsells d on d.id = q.downsell_id
              where q.status = 'pending' and q.sending_at is null and q.scheduled_at < now()
                and q.scheduled_at < now() - make_interval(secs => d.drop_after_seconds)
              order by q.scheduled_at limit ${limit} for update of q skip locked)
            update downsells_queue q set status = 'expired', cancel_reason = 'late', updated_at = now()
            from late where q.id = late.id returning q.id`,
          (rows) => rows.length
        )

      return DownsellQueueRepo.of({ due, depart, settle, postpone, abandon, dropLate })
    })
  )
}
