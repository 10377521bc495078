import type { SqlClient, Statement } from "effect/sql"
import { instant, type Span, unionAll } from "./facts.ts"
import { utmNames } from "./filter.ts"
import { type Noted, notedNames } from "./late.ts"
import { peopleWhere, visitsOf } from "./visits.ts"

type Sql = SqlClient.SqlClient

interface Target {
  readonly sources: ReadonlyArray<Statement.Fragment>
  /** From where visits may still go on, up to where they are to be known. */
  readonly span: Span
  /** Everybody who gave a sign since then, and whoever is noted. */
  readonly since: Date
  readonly noted: Noted
}

/** An hour, because a visit that goes on may have begun before the span. */
const reach = "interval '1 hour'"

/** Writes the visits of people that may still go on anew, from the rows. */
export const writeOpenVisits = (sql: Sql, { noted, since, sources, span }: Target) => {
  const before = sql`e.occurred_at < ${instant(sql, span.to)}`
  const nearby = sql`${before} and e.occurred_at >= ${instant(sql, span.from)} - ${sql.literal(reach)}`
  const touched = [
    peopleWhere(sql, sources, sql`e.occurred_at >= ${instant(sql, since)} and ${before}`),
    ...(noted.people.length + noted.sessions.length === 0
      ? []
      : [
          peopleWhere(
            sql,
            sources,
            sql`${nearby} and (coalesce(e.telegram_id, e.tg_id) in (select person from noted)
              or e.session_id in (select session from noted_sessions))`
          ),
          sql`select distinct v.bot, v.person from metrics_visits v where v.person in (select person from noted)`
        ])
  ]
  const people = sql`
    select ${instant(sql, span.from)}, ${instant(sql, span.to)}, p.bot, p.person from (
      select distinct t.bot, t.person from (${unionAll(sql, touched)}) t) p`
  const columns = sql.literal(["bot", "person", "at", "visit_seconds", ...utmNames].join(", "))
  return sql`
    with ${notedNames(sql, noted)}, ${visitsOf(sql, { sources, people, bounds: span, until: span.to })},
    gone as (
      delete from metrics_visits v using people p where v.bot = p.bot and v.person = p.person)
    insert into metrics_visits (${columns}) select ${columns} from visits`.unprepared
}
