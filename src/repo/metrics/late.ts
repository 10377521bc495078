import { Effect } from "effect"
import type { SqlClient, Statement } from "effect/sql"
import { quarterOf, visitLagSeconds } from "./cells.ts"
import { instant, unionAll } from "./facts.ts"

type Sql = SqlClient.SqlClient

/** Whom notes of late changes name. */
export interface Noted {
  readonly people: ReadonlyArray<number>
  readonly sessions: ReadonlyArray<string>
}

/** What notes of late changes say; they are gone then. */
export interface Late extends Noted {
  /** The earliest moment of them. */
  readonly at: Date | null
  /** The quarters of an hour that they name. */
  readonly quarters: ReadonlyArray<string>
  /** Of what happened before the quarters' end: whose whole history is to be counted anew. */
  readonly old: Noted
}

export const nothingLate: Late = { at: null, quarters: [], people: [], sessions: [], old: { people: [], sessions: [] } }

/**
 * Notes of moments beyond the quarters' end ask for nobody's history: all that can follow from them is yet to be
 * counted. The minute is for a session that is noted by its first moment.
 */
export const unheard = "interval '1 minute'"

/** Takes the notes of moments from an instant on, or all; only those that the statement sees, later ones wait. */
export const takeNotes = (sql: Sql, rolledTo: Date, from: Date | undefined) => {
  const list = (value: string, where = "true") =>
    sql.literal(`coalesce(jsonb_agg(distinct ${value}) filter (where ${value} is not null and ${where}), '[]')`)
  const rolled = instant(sql, rolledTo)
  return Effect.map(
    sql<Omit<Late, "old"> & { readonly oldPeople: Noted["people"]; readonly oldSessions: Noted["sessions"] }>`
      with gone as (
        delete from metrics_late ${from === undefined ? sql`` : sql`where at >= ${instant(sql, from)}`}
        returning at, session_id, person),
      told as (select g.*, g.at < ${rolled} + ${sql.literal(unheard)} as old from gone g)
      select min(at) as at, ${list(quarterOf("at"))} as quarters, ${list("person")} as people,
        ${list("session_id")} as sessions, ${list("person", "old")} as "oldPeople", ${list("session_id", "old")} as "oldSessions"
      from told`.unprepared,
    ([row]): Late =>
      row === undefined ? nothingLate : { ...row, old: { people: row.oldPeople, sessions: row.oldSessions } }
  )
}

/** CTEs `noted (person)` and `noted_sessions (session)`. */
export const notedNames = (sql: Sql, { people, sessions }: Noted) => sql`
  noted (person) as materialized (select unnest(${`{${people.join(",")}}`}::bigint[])),
  noted_sessions (session) as materialized (select jsonb_array_elements_text(${JSON.stringify(sessions)}::jsonb))`

/** The quarters to be counted anew: those of the notes, of whoever they name, and those that are new. */
export const quartersOf = (
  sql: Sql,
  {
    late,
    rolledTo,
    sources,
    until
  }: {
    readonly late: Late
    readonly rolledTo: Date
    readonly sources: ReadonlyArray<Statement.Fragment>
    readonly until: Date
  }
) => {
  const theirs = sources.map(
    (source) => sql`
      select e.occurred_at from noted_sessions n join lateral (${source}) e on e.session_id = n.session
      union all
      select e.occurred_at from noted n join lateral (${source}) e on e.telegram_id = n.person
      union all
      select e.occurred_at from noted n join lateral (${source}) e on e.tg_id = n.person and e.telegram_id is null`
  )
  return Effect.map(
    sql<{ readonly quarter: Date }>`
      with ${notedNames(sql, late.old)}
      select distinct ${sql.literal(quarterOf("at"))} as quarter from (
        select jsonb_array_elements_text(${JSON.stringify(late.quarters)}::jsonb)::timestamptz
        union all ${unionAll(sql, theirs)}
        union all
        select generate_series(
          ${instant(sql, rolledTo)} - make_interval(secs => ${visitLagSeconds + 60}),
          ${instant(sql, until)} + interval '15 minutes', interval '15 minutes')) x (at)
      where ${sql.literal(quarterOf("at"))} < ${instant(sql, until)}`.unprepared,
    (rows) => rows.map((row) => row.quarter)
  )
}
