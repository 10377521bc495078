import { Context, Effect, Layer, Option } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { shotSource } from "../domain/callback.ts"
import type { ShotCounts, ShotFilters, ShotStatus } from "../domain/shot.ts"
import type { Cursor } from "./cursor.ts"
import { microsOf } from "./listing.ts"
import { audienceOf } from "./shots/audience.ts"
import { countsOf } from "./shots/counts.ts"
import { freeze } from "./shots/freeze.ts"
import { ofBot, type ShotRow, shotColumns } from "./shots/row.ts"

export type { ShotRow } from "./shots/row.ts"

export interface ShotColumns {
  readonly title?: string
  readonly content?: object
  readonly filters?: ShotFilters
  readonly scheduled_at?: string | null
  readonly status?: ShotStatus
  readonly error_limit_percent?: number
  readonly valid_hours?: number | null
}

export interface Sales {
  readonly sales: number
  readonly revenueCents: number
}

type Answer<A> = Effect.Effect<A, SqlError.SqlError>

/** The table `shots`. A change of state says from which states it may happen, and answers whether it did. */
export class ShotsRepo extends Context.Service<
  ShotsRepo,
  {
    /** Newest first; one more than `limit` when there are more. */
    readonly list: (query: {
      readonly botId: number
      readonly cursor: Cursor | undefined
      readonly limit: number
    }) => Answer<ReadonlyArray<ShotRow & { readonly cursor_at: string }>>
    readonly find: (botId: number, id: number) => Answer<Option.Option<ShotRow>>
    readonly insert: (bot: { readonly id: number; readonly slug: string }, shot: ShotColumns) => Answer<number>
    /** Only while it is not frozen. */
    readonly update: (id: number, columns: ShotColumns) => Answer<boolean>
    /** Only one that reached nobody. */
    readonly remove: (id: number) => Answer<boolean>
    readonly counts: (ids: ReadonlyArray<number>) => Answer<ReadonlyMap<number, ShotCounts>>
    /** Paid charges whose button stood under these shots. */
    readonly sales: (botId: number, ids: ReadonlyArray<number>) => Answer<ReadonlyMap<number, Sales>>
    readonly people: (botId: number, filters: ShotFilters) => Answer<number>
    /**
     * Begins it: freezes whom it is for, once, whoever tries at the same time. Answers how many there are, or nothing
     * when it was not in one of the states.
     */
    readonly freeze: (
      shot: Pick<ShotRow, "id" | "botId" | "bot">,
      filters: ShotFilters,
      from: ReadonlyArray<ShotStatus>
    ) => Answer<Option.Option<number>>
    readonly move: (id: number, from: ReadonlyArray<ShotStatus>, to: ShotStatus, reason?: string) => Answer<boolean>
    /** Scheduled ones whose time has come, within the last day. */
    readonly due: Answer<ReadonlyArray<ShotRow>>
    /** Messages of shots that another system began: they are not sent. */
    readonly leftBehind: Answer<number>
    /** In so many milliseconds the next scheduled one is due. */
    readonly nextDueMs: Answer<Option.Option<number>>
    /** Everything that is being sent. */
    readonly live: Answer<ReadonlyArray<ShotRow>>
    /** Nobody waits any more: it is over. */
    readonly finish: (id: number) => Answer<boolean>
    readonly savePace: (id: number, perSecond: number) => Answer<void>
  }
>()("funil/repo/ShotsRepo") {
  static readonly layer = Layer.effect(
    ShotsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const columns = shotColumns(sql)
      const shots = sql`shots s join bots b on ${ofBot(sql)}`

      const list = ({ botId, cursor, limit }: { botId: number; cursor: Cursor | undefined; limit: number }) =>
        sql<ShotRow & { readonly cursor_at: string }>`
          select ${columns}, ${microsOf(sql, "s.created_at")} as cursor_at from ${shots}
          where ${sql.and([
            sql`b.id = ${botId}`,
            ...(cursor === undefined
              ? []
              : [sql`(s.created_at, s.id) < (${cursor.at}::timestamptz, ${cursor.id}::bigint)`])
          ])}
          order by s.created_at desc, s.id desc limit ${limit + 1}`

      const find = (botId: number, id: number) =>
        Effect.map(sql<ShotRow>`select ${columns} from ${shots} where b.id = ${botId} and s.id = ${id}`, (rows) =>
          Option.fromUndefinedOr(rows[0])
        )

      // V3 wants a slug that no other shot of the bot has.
      const insert = (bot: { readonly id: number; readonly slug: string }, shot: ShotColumns) =>
        Effect.map(
          sql<{ id: number }>`
            insert into shots (id, slug, bot_id, bot_slug, title, content, filters, status, scheduled_at, trigger,
              error_limit_percent, valid_hours)
            select n, 'disparo-' || n, ${bot.id}::bigint, ${bot.slug}::text, ${shot.title ?? ""}::text,
              ${JSON.stringify(shot.content ?? {})}::jsonb, ${JSON.stringify(shot.filters ?? {})}::jsonb,
              ${shot.status ?? "draft"}::text, ${shot.scheduled_at ?? null}::timestamptz,
              case when ${shot.scheduled_at ?? null}::text is null then 'now' else 'scheduled' end,
              ${shot.error_limit_percent ?? 20}::int, ${shot.valid_hours ?? null}::int
            from nextval(pg_get_serial_sequence('shots', 'id')) n
            returning id`,
          (rows) => rows[0]!.id
        )

      const update = (id: number, { content, filters, ...plain }: ShotColumns) =>
        Effect.map(
          sql`
            update shots set updated_at = now(), ${sql.update({
              ...plain,
              ...(content === undefined ? {} : { content: JSON.stringify(content), message: null, media_refs: "[]" }),
              ...(filters === undefined ? {} : { filters: JSON.stringify(filters) })
            })}
            where id = ${id} and frozen_at is null returning id`,
          (rows) => rows.length === 1
        )

      const remove = (id: number) =>
        Effect.map(
          sql`delete from shots s where s.id = ${id} and not exists (select from shots_queue q where q.shot_id = s.id)
            returning id`,
          (rows) => rows.length === 1
        )

      const sales = (botId: number, ids: ReadonlyArray<number>) =>
        Effect.map(
          sql<Sales & { source: string }>`
            select p.source, count(*)::int as sales,
              coalesce(sum(coalesce(p.value_cents, p.amount_cents)), 0)::bigint as "revenueCents"
            from payments p
            where p.bot_id = ${botId} and p.source = any(${ids.map(shotSource)}::text[]) and p.status = 'paid'
            group by p.source`,
          (rows) => new Map(rows.map(({ source, ...one }) => [Number(source.slice(1)), one] as const))
        )

      const people = (botId: number, filters: ShotFilters) =>
        Effect.map(
          sql<{ people: number }>`select count(*)::int as people from ${audienceOf(sql, botId, filters)}`,
          (rows) => rows[0]?.people ?? 0
        )

      const move = (id: number, from: ReadonlyArray<ShotStatus>, to: ShotStatus, reason?: string) =>
        Effect.map(
          sql`
            update shots set status = ${to}, updated_at = now(), stop_reason = ${reason ?? null}::text,
              resumed_at = case when ${to}::text = 'sending' then now() else resumed_at end,
              canceled_at = case when ${to}::text = 'canceled' then now() else canceled_at end
            where id = ${id} and lower(status) = any(${from}::text[]) returning id`,
          (rows) => rows.length === 1
        )

      // What an older system left, or a long outage, is not sent as if nothing had happened; its row stays as it is.
      const tooLate = sql`now() - interval '24 hours'`

      const due = sql<ShotRow>`
        select ${columns} from ${shots}
        where s.status = 'scheduled' and s.scheduled_at::timestamptz between ${tooLate} and now() and b.deleted_at is null
        order by s.scheduled_at limit 20`

      const leftBehind = Effect.map(
        sql<{ rows: number }>`
          select count(*)::int as rows from shots_queue q join shots s on s.id = q.shot_id
          where q.status in ('pending', 'PENDING') and s.frozen_at is null`,
        (found) => found[0]?.rows ?? 0
      )

      const nextDueMs = Effect.map(
        sql<{ ms: number | null }>`
          select ceil(extract(epoch from min(scheduled_at)::timestamptz - now()) * 1000)::bigint as ms
          from shots where status = 'scheduled' and scheduled_at::timestamptz > ${tooLate}`,
        (rows) => Option.fromNullishOr(rows[0]?.ms)
      )

      const live = sql<ShotRow>`
        select ${columns} from ${shots} where s.status = 'sending' and s.frozen_at is not null
        order by s.started_at, s.id`

      // The old counters too: whoever still reads them reads the truth.
      const finish = (id: number) =>
        Effect.map(
          sql`
            update shots s set status = 'done', completed_at = now(), updated_at = now(), total_targets = c.total,
              sent_count = c.sent, failed_count = c.failed
            from (select count(*)::int as total, (count(*) filter (where status = 'sent'))::int as sent,
              (count(*) filter (where status in ('failed', 'blocked')))::int as failed
              from shots_queue where shot_id = ${id}) c
            where s.id = ${id} and s.status = 'sending'
              and not exists (select from shots_queue q where q.shot_id = ${id} and q.status = 'pending')
            returning s.id`,
          (rows) => rows.length === 1
        )

      const savePace = (id: number, perSecond: number) =>
        Effect.asVoid(sql`
          update shots set per_second = ${perSecond}::float8, per_second_at = now() where id = ${id} and status = 'sending'`)

      return ShotsRepo.of({
        list,
        find,
        insert,
        update,
        remove,
        counts: countsOf(sql),
        sales,
        people,
        freeze: freeze(sql),
        move,
        due,
        leftBehind,
        nextDueMs,
        live,
        finish,
        savePace
      })
    })
  )
}
