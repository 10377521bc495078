import { Effect } from "effect"
import type { SqlClient, SqlError, Statement } from "effect/sql"
import { allBots, tenMs, visitLagSeconds, writeRecent } from "./cells.ts"
import { instant, type Windows } from "./facts.ts"
import { type Noted, takeNotes } from "./late.ts"
import { writeOpenVisits } from "./openVisits.ts"

type Sql = SqlClient.SqlClient

/** What is written two seconds late leaves a note (migration 0048); half a second for a statement's clock and its snapshot. */
const lateSeconds = 2.5
/** Fewer are read from the rows as fast. */
export const fewEvents = 60

export const floorTen = (date: Date) => new Date(Math.floor(date.getTime() / tenMs) * tenMs)

/** Removes what the cells of ten seconds hold from an instant on. */
export const dropRecent = Effect.fnUntraced(function* (sql: Sql, from: Date) {
  for (const table of ["metrics_cells", "metrics_times"])
    yield* sql`
      delete from ${sql(table)}
      where grain = 's' and scope in ('a', 's', 'p', 't') and at >= ${instant(sql, floorTen(from))}`
  yield* sql`delete from metrics_returns where at >= ${instant(sql, from)}`
})

/** Removes what the quarters hold now. */
export const dropBefore = (sql: Sql, until: Date) =>
  Effect.forEach(
    ["metrics_cells", "metrics_times"],
    (table) => sql`
      delete from ${sql(table)}
      where grain = 's' and scope in ('a', 's', 'p', 't') and at < ${instant(sql, until)}`,
    { discard: true }
  )

interface Now {
  readonly rolledTo: Date
  readonly recentTo: Date | null
  readonly visitsTo: Date | null
  /** All that was written before it is visible; null: nobody looked yet, or a transaction of then is still open. */
  readonly settledAt: Date | null
  readonly looked: boolean
}

interface Given {
  readonly sources: ReadonlyArray<Statement.Fragment>
  readonly windows: Windows
  readonly least: number
}

const isBusy = (sql: Sql, since: Date, least: number) =>
  Effect.map(
    sql<{ readonly busy: boolean }>`
      select count(*) >= ${least} as busy from (
        select from funnel_events where occurred_at >= ${instant(sql, since)} limit ${least}) e`,
    (rows) => rows[0]?.busy === true
  )

/**
 * Inside a transaction that alone counts: the cells of ten seconds up to where everything is visible, where there is
 * enough to count. Answers whether there was.
 */
export const advanceRecent = Effect.fnUntraced(function* (
  sql: Sql,
  { least, sources, windows }: Given
): Effect.fn.Return<boolean, SqlError.SqlError> {
  const [now] = yield* sql<Now>`
    select rolled_to as "rolledTo", recent_to as "recentTo", visits_to as "visitsTo", seen_at is not null as looked,
      case when pg_snapshot_xmin(pg_current_snapshot()) >= seen_xid then seen_at end as "settledAt"
    from metrics_state where rolled_to is not null`
  // Cells of before the ten seconds ended at any second.
  if (now === undefined || floorTen(now.rolledTo) < now.rolledTo) return false
  if (!(yield* isBusy(sql, now.recentTo ?? now.rolledTo, least))) return false
  if (!now.looked || now.settledAt !== null)
    yield* sql`update metrics_state set seen_at = statement_timestamp(), seen_xid = pg_snapshot_xmax(pg_current_snapshot())`
  if (now.settledAt === null) return true
  const until = new Date(now.settledAt.getTime() - lateSeconds * 1000)
  const late = yield* takeNotes(sql, now.rolledTo, now.rolledTo)
  const from = earliest(now.recentTo, late.at) ?? now.rolledTo
  if (from < until) {
    yield* dropRecent(sql, from)
    yield* writeRecent(sql, { sources, windows, from, until })
    yield* allBots(sql, "s", sql`c.at >= ${instant(sql, from)}`)
  }
  const visitsFrom = openSince(now.rolledTo)
  yield* writeOpenVisits(sql, {
    sources,
    span: { from: visitsFrom, to: until },
    since: earliest(now.visitsTo, late.at) ?? visitsFrom,
    noted: late
  })
  yield* sql`
    update metrics_state set recent_to = ${instant(sql, from < until ? until : from)}, visits_to = ${instant(sql, until)}`
  return true
})

/** Visits that ended before it are over, and in the cells. */
const openSince = (rolledTo: Date) => new Date(rolledTo.getTime() - visitLagSeconds * 1000)

/** Ten seconds that are under way are counted whole each time. */
const earliest = (reached: Date | null, late: Date | null) =>
  reached === null ? undefined : floorTen(late === null || late > reached ? reached : late)

/** The quarters reach to `until`: what is over now leaves the visits that may go on, and whoever is noted has theirs looked at. */
export const keepOpenVisits = Effect.fnUntraced(function* (
  sql: Sql,
  sources: ReadonlyArray<Statement.Fragment>,
  until: Date,
  noted: Noted
) {
  const [row] = yield* sql<{ readonly visitsTo: Date | null }>`select visits_to as "visitsTo" from metrics_state`
  if (row === undefined || row.visitsTo === null) return
  const from = openSince(until)
  yield* sql`delete from metrics_visits where at < ${instant(sql, from)}`
  if (noted.people.length + noted.sessions.length === 0) return
  yield* writeOpenVisits(sql, { sources, span: { from, to: row.visitsTo }, since: row.visitsTo, noted })
})
