import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

/** What became of everybody a downsell was meant for, and what it sold. */
export interface DownsellTally {
  readonly pending: number
  readonly sent: number
  readonly failed: number
  readonly blocked: number
  readonly ambiguous: number
  readonly canceled: number
  readonly skipped: number
  readonly expired: number
  readonly sales: number
  readonly revenueCents: number
}

/** Counted from the rows each time: the rows are the truth. */
export const tallies =
  (sql: SqlClient.SqlClient) =>
  (botId: number): Effect.Effect<ReadonlyMap<number, DownsellTally>, SqlError.SqlError> =>
    Effect.map(
      sql<DownsellTally & { readonly id: number }>`
        select d.id, coalesce(q.pending, 0) as pending, coalesce(q.sent, 0) as sent, coalesce(q.failed, 0) as failed,
          coalesce(q.blocked, 0) as blocked, coalesce(q.ambiguous, 0) as ambiguous,
          coalesce(q.canceled, 0) as canceled, coalesce(q.skipped, 0) as skipped, coalesce(q.expired, 0) as expired,
          coalesce(p.sales, 0) as sales, coalesce(p.cents, 0)::bigint as "revenueCents"
        from downsell_rules d
          left join lateral (
            select count(*) filter (where q.status = 'pending') as pending,
              count(*) filter (where q.status = 'sent') as sent,
              count(*) filter (where q.status = 'failed' and q.outcome is null) as failed,
              count(*) filter (where q.outcome = 'blocked') as blocked,
              count(*) filter (where q.outcome = 'ambiguous') as ambiguous,
              count(*) filter (where q.status = 'canceled') as canceled,
              count(*) filter (where q.status = 'skipped') as skipped,
              count(*) filter (where q.status = 'expired') as expired
            from downsells_queue q where q.downsell_id = d.id) q on true
          left join lateral (
            select count(*) as sales, sum(p.value_cents) as cents from payments p
            where p.bot_id = d.bot_id and p.source = 'd' || d.id and p.paid_at is not null) p on true
        where d.bot_id = ${botId}`,
      (rows) => new Map(rows.map(({ id, ...tally }) => [id, tally]))
    )
