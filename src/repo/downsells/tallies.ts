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

/**
 * Counted from the rows each time: the rows are the truth. Two counts, each from its index alone: the few that failed have
 * an outcome, the others only a status. 300,000 rows took 170 ms by their rows.
 */
export const tallies =
  (sql: SqlClient.SqlClient) =>
  (botId: number): Effect.Effect<ReadonlyMap<number, DownsellTally>, SqlError.SqlError> =>
    Effect.map(
      sql<DownsellTally & { readonly id: number }>`
        select d.id, coalesce(q.pending, 0) as pending, coalesce(q.sent, 0) as sent,
          coalesce(q.failed, 0) - f.blocked - f.ambiguous as failed, f.blocked, f.ambiguous,
          coalesce(q.canceled, 0) as canceled, coalesce(q.skipped, 0) as skipped, coalesce(q.expired, 0) as expired,
          coalesce(p.sales, 0) as sales, coalesce(p.cents, 0)::bigint as "revenueCents"
        from downsell_rules d
          left join lateral (
            select sum(n) filter (where w.status = 'pending')::bigint as pending,
              sum(n) filter (where w.status = 'sent')::bigint as sent,
              sum(n) filter (where w.status = 'failed')::bigint as failed,
              sum(n) filter (where w.status = 'canceled')::bigint as canceled,
              sum(n) filter (where w.status = 'skipped')::bigint as skipped,
              sum(n) filter (where w.status = 'expired')::bigint as expired
            from (
              select q.status, count(*) as n from downsells_queue q where q.downsell_id = d.id group by q.status) w) q
            on true
          left join lateral (
            select count(*) filter (where q.outcome = 'blocked') as blocked,
              count(*) filter (where q.outcome = 'ambiguous') as ambiguous
            from downsells_queue q where q.downsell_id = d.id and q.outcome is not null) f on true
          left join lateral (
            select count(*) as sales, sum(p.value_cents) as cents from payments p
            where p.bot_id = d.bot_id and p.source = 'd' || d.id and p.paid_at is not null) p on true
        where d.bot_id = ${botId}`,
      (rows) => new Map(rows.map(({ id, ...tally }) => [id, tally]))
    )
