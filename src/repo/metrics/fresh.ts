import type { SqlClient, Statement } from "effect/sql"
import { bitOf, instants } from "./cells.ts"
import { factsOf, instant, oneByOne, ofBot, rawOfSpan, type Span, unionAll } from "./facts.ts"
import { type MetricsFilter, noUtm, utmNames } from "./filter.ts"
import { askedOf, beforeOf, type Part, partsOf, type Reading } from "./parts.ts"
import { peopleIn, peopleWhere, visitsOf } from "./visits.ts"

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

/** The marks asked for, in words that are the same for every question. */
const marksHeld = (sql: Sql, { utm }: MetricsFilter) =>
  sql.and(
    utmNames.map((name) => {
      const value = utm[name]
      const wanted = value === undefined || value === noUtm ? null : value
      return sql`(${value === undefined}::boolean or v.${sql.literal(name)} is not distinct from ${wanted}::text)`
    })
  )

/**
 * The visits that are in no cell, as a histogram: those that end in a plan's spans, and those that may still go on. Of
 * these metrics_visits holds the ones of everybody who gave no sign since; what the others did lately is read.
 */
export const freshVisits = (sql: Sql, { filter, open, plan, sources }: Reading) => {
  const { from, since, to } = open ?? { from: farOff, to: farOff, since: farOff }
  const bounds = boundsOf([...plan.spans, ...(open === undefined ? [] : [{ from, to }])])
  const lately = peopleWhere(sql, sources, sql`e.occurred_at >= ${instant(sql, since)} and ${ofBot(sql, filter.bot)}`)
  const people = sql`
    ${peopleIn(sql, sources, bounds, filter.bot)}
    union all
    select ${instant(sql, from)}, ${instant(sql, to)}, p.bot, p.person from (${lately}) p`
  const ofTheBot = filter.bot === undefined ? sql`true` : sql`v.bot = ${filter.bot}`
  const columns = sql.literal(`v.visit_seconds, ${utmNames.map((name) => `v.${name}`).join(", ")}`)
  return sql<{ readonly bins: string }>`
    with ${spansOf(sql, plan.spans)}, ${visitsOf(sql, { sources, people, bounds })},
    ended as (
      select ${columns} from visits v
      union all
      select ${columns} from metrics_visits v
      where v.at >= ${instant(sql, from)} and v.at < ${instant(sql, to)} and ${ofTheBot}
        and not exists (
          select from people p where p.lo = ${instant(sql, from)} and p.bot = v.bot and p.person = v.person))
    select coalesce(json_agg(json_build_array(bin, n)), '[]')::text as bins
    from (select metrics_bin(v.visit_seconds) as bin, count(*) as n from ended v where ${marksHeld(sql, filter)} group by 1) b`
}

/** Nothing lies so late. */
const farOff = new Date("9999-01-01T00:00:00Z")

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
