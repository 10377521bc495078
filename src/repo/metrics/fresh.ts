import type { SqlClient, Statement } from "effect/sql"
import { bitOf, instants } from "./cells.ts"
import { factsOf, type Span } from "./facts.ts"
import { utmNames } from "./filter.ts"
import { askedOf, beforeOf, type Part, partsOf, type Reading } from "./parts.ts"
import { visitsOf } from "./visits.ts"

type Sql = SqlClient.SqlClient

export const spansOf = (sql: Sql, spans: ReadonlyArray<Span>) => {
  const from = instants(
    sql,
    spans.map((span) => span.from)
  )
  const to = instants(
    sql,
    spans.map((span) => span.to)
  )
  return sql`spans as materialized (select * from unnest(${from}, ${to}) x (lo, hi))`
}

export const boundsOf = (spans: ReadonlyArray<Span>): Span => ({
  from: new Date(Math.min(...spans.map((span) => span.from.getTime()))),
  to: new Date(Math.max(...spans.map((span) => span.to.getTime())))
})

/** How a fact goes from one statement to the next. */
const factColumns = `at timestamptz, bot text, step smallint, ${utmNames.map((name) => `${name} text`).join(", ")},
  ok boolean, before_whole timestamptz, before_groups timestamptz, cents integer, pix_seconds integer, pay_seconds integer`

const namesOf = (columns: string) => columns.replaceAll(/(\w+) \w+(,|$)/g, "$1$2")

const marksAsked = (sql: Sql, part: Part | undefined) => {
  const mask = part === undefined ? 0 : askedOf(part).reduce((sum, name) => sum + bitOf(name), 0)
  return utmNames
    .map((name) => sql`case when ${mask}::int & ${sql.literal(`${bitOf(name)} <> 0 then h.${name}`)} end`)
    .reduce((a, b) => sql`${a}, ${b}`)
}

/**
 * What a question finds in the rows. Apart from the cells because its text is the same for every question: it is planned
 * once, over all months, and not each time.
 */
export const freshFacts = (sql: Sql, reading: Reading) => {
  const { filter, groups, plan, sources, windows } = reading
  const spans = (groups?.plan ?? plan).spans
  const [whole, grouped] = partsOf(reading)
  return sql<{ readonly rows: string }>`
    with ${spansOf(sql, spans)}, ${factsOf(sql, {
      sources,
      windows,
      extent: boundsOf(spans),
      bot: filter.bot,
      before: { before_whole: marksAsked(sql, whole), before_groups: marksAsked(sql, grouped) }
    })}
    select coalesce(json_agg(f), '[]')::text as rows from (
      select ${sql.literal(namesOf(factColumns))} from facts f
      where (f.step > 0 or f.pix_seconds is not null or f.pay_seconds is not null)
        and exists (select from spans x where f.at >= x.lo and f.at < x.hi)) f`
}

export const freshVisits = (sql: Sql, { filter, plan, sources }: Reading) => sql<{ readonly rows: string }>`
  with ${spansOf(sql, plan.spans)}, ${visitsOf(sql, { sources, bounds: boundsOf(plan.spans), bot: filter.bot })}
  select coalesce(json_agg(v), '[]')::text as rows from visits v`

/** The facts of a part of the answer, as a CTE. */
export const factsFrom = (sql: Sql, part: Part, rows: string): Statement.Fragment => {
  const column = sql.literal(beforeOf(part))
  return sql`
    ${freshName(sql, part)} as materialized (
      select f.*, ${column} as before from json_to_recordset(${rows}::json) f (${sql.literal(factColumns)})
      where exists (
        select from unnest(${instants(
          sql,
          part.plan.spans.map((span) => span.from)
        )}, ${instants(
          sql,
          part.plan.spans.map((span) => span.to)
        )}) x (lo, hi) where f.at >= x.lo and f.at < x.hi))`
}

export const freshName = (sql: Sql, { name }: Part) => sql.literal(`fresh_${name}`)

const visitColumns = `bot text, visit_seconds integer, ${utmNames.map((name) => `${name} text`).join(", ")}`

export const visitsFrom = (sql: Sql, rows: string) =>
  sql`json_to_recordset(${rows}::json) v (${sql.literal(visitColumns)})`
