import type { SqlClient, Statement } from "effect/sql"
import { bitOf, instants } from "./cells.ts"
import { factsOf, oneByOne, ofBot, rawOfSpan, type Span, unionAll } from "./facts.ts"
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

/** With more of them, going through the service costs more than planning: they stay in the database. */
const manyRows = 2_000

/** Null: too many to take out. */
const takenOut = (sql: Sql, { filter, sources }: Reading, spans: ReadonlyArray<Span>, rows: Statement.Fragment) => {
  const some = sources.map((one) => rawOfSpan(sql, one, boundsOf(spans), ofBot(sql, filter.bot)))
  return sql`
    select case when n > ${manyRows} then null else (select coalesce(json_agg(f), '[]')::text from (${rows}) f) end as rows
    from (
      select count(*) as n from (
        select e.id from spans p cross join lateral (${unionAll(sql, some)} ${oneByOne(sql)}) e limit ${manyRows + 1}) e) e`
}

const spansOfAll = ({ groups, plan }: Reading) => (groups?.plan ?? plan).spans

const factsOfAll = (sql: Sql, reading: Reading) => {
  const { filter, sources, windows } = reading
  const spans = spansOfAll(reading)
  const [whole, grouped] = partsOf(reading)
  return sql`${spansOf(sql, spans)}, ${factsOf(sql, {
    sources,
    windows,
    extent: boundsOf(spans),
    bot: filter.bot,
    before: { before_whole: marksAsked(sql, whole), before_groups: marksAsked(sql, grouped) }
  })}`
}

/**
 * What a question finds in the rows. Apart from the cells because its text is the same for every question: it is planned
 * once, over all months, and not each time.
 */
export const freshFacts = (sql: Sql, reading: Reading) => sql<{ readonly rows: string | null }>`
  with ${factsOfAll(sql, reading)}
  ${takenOut(
    sql,
    reading,
    spansOfAll(reading),
    sql`
      select ${sql.literal(namesOf(factColumns))} from facts f
      where (f.step > 0 or f.pix_seconds is not null or f.pay_seconds is not null)
        and exists (select from spans x where f.at >= x.lo and f.at < x.hi)`
  )}`

const visitsOfAll = (sql: Sql, { filter, plan, sources }: Reading) =>
  sql`${spansOf(sql, plan.spans)}, ${visitsOf(sql, { sources, bounds: boundsOf(plan.spans), bot: filter.bot })}`

export const freshVisits = (sql: Sql, reading: Reading) => sql<{ readonly rows: string | null }>`
  with ${visitsOfAll(sql, reading)}
  ${takenOut(sql, reading, reading.plan.spans, sql`select v.* from visits v`)}`

/** CTEs with the facts of each part of the answer. `rows`: those taken out before; null: they are looked up here. */
export const factsFrom = (sql: Sql, reading: Reading, rows: string | null): ReadonlyArray<Statement.Fragment> => {
  const source = rows === null ? sql`facts f` : sql`json_to_recordset(${rows}::json) f (${sql.literal(factColumns)})`
  const parts = partsOf(reading).map(
    (part) => sql`
      ${freshName(sql, part)} as materialized (
        select f.*, ${sql.literal(beforeOf(part))} as before from ${source}
        where exists (
          select from unnest(${instants(
            sql,
            part.plan.spans.map((span) => span.from)
          )}, ${instants(
            sql,
            part.plan.spans.map((span) => span.to)
          )}) x (lo, hi) where f.at >= x.lo and f.at < x.hi))`
  )
  return rows === null ? [factsOfAll(sql, reading), ...parts] : parts
}

export const freshName = (sql: Sql, { name }: Part) => sql.literal(`fresh_${name}`)

const visitColumns = `bot text, visit_seconds integer, ${utmNames.map((name) => `${name} text`).join(", ")}`

/** CTEs before it, and the table of the visits. */
export const visitsFrom = (sql: Sql, reading: Reading, rows: string | null) =>
  rows === null
    ? { ctes: [visitsOfAll(sql, reading)], table: sql`visits v` }
    : { ctes: [], table: sql`json_to_recordset(${rows}::json) v (${sql.literal(visitColumns)})` }
