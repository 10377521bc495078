import type { SqlClient, Statement } from "effect/sql"
import { again, againName } from "./again.ts"
import { counted, perStep, visitLagSeconds } from "./cells.ts"
import { paidStep, refundedStep, unionAll } from "./facts.ts"
import { factsFrom, freshName } from "./fresh.ts"
import {
  combined,
  groupOf,
  markOf,
  type Part,
  partsOf,
  type Reading,
  wanted,
  wantedCells,
  wantedMarks,
  withAll
} from "./parts.ts"
import { percentiles, timesOf } from "./times.ts"

type Sql = SqlClient.SqlClient

/** Of the units of a cell, those that are new since an instant. Not a function: PostgreSQL took 20 µs a cell for its calls. */
const newIn = (sql: Sql, step: number, before: Statement.Fragment) => {
  const [units, again] = [sql.literal(`c.u${step}`), sql.literal(`c.r${step}`)]
  return sql`case when ${again} is null then ${units} else ${units} - cardinality(${again}) + width_bucket(${before}, ${again}) end as ${sql.literal(`u${step}`)}`
}

/** All of an answer but the visits, in one row. `rows`: the facts that are not in the cells, looked up once for all of it. */
export const answer = (sql: Sql, reading: Reading, rows: string | null | undefined) => {
  const { filter, groups, plan } = reading
  const parts = partsOf(reading)
  const ctes: Array<Statement.Fragment> = wanted(sql, filter)
  if (rows !== undefined) ctes.push(...factsFrom(sql, reading, rows))
  for (const part of parts) if (combined(part).length > 0) ctes.push(again(sql, part))
  // Groups that are no spans of time are made of the cells of the whole: those are read once. The rows are each part's own:
  // who came by two campaigns is new to both, and once to the whole.
  const shared =
    parts.length > 1 &&
    plan.cells.length > 0 &&
    groups?.borders === undefined &&
    parts.every((part) => combined(part).length === plan.cells.length)
  if (shared) ctes.push(sql`base as materialized (${summed(sql, fromCells(sql, parts[1] as Part))})`)
  const [whole, grouped] = parts.map((part) => {
    const cells = shared ? [sql`select ${part.grouped ? sql`b.*` : allOf(sql)} from base b`] : fromCells(sql, part)
    return counts(sql, part, summed(sql, [...cells, ...fromRows(sql, part)]))
  })
  return sql`
    ${withAll(sql, ctes)}
    select ${asList(sql, whole)} as whole, ${asList(sql, grouped)} as groups,
      ${asList(sql, percentiles(sql, timesOf(sql, parts[0] as Part)))} as times`
}

const asList = (sql: Sql, query: Statement.Fragment | undefined) =>
  query === undefined ? sql`'[]'::json` : sql`(select coalesce(json_agg(q), '[]') from (${query}) q)`

const sums = (sql: Sql) => sql`
  ${perStep(sql, (s) => `sum(n${s})::bigint as n${s}`)}, ${perStep(sql, (s) => `sum(u${s})::bigint as u${s}`)},
  sum(payments)::bigint as payments, sum(revenue_cents)::bigint as revenue_cents,
  sum(refunded_cents)::bigint as refunded_cents`

const columns = (sql: Sql) =>
  sql`${perStep(sql, (s) => `n${s}`)}, ${perStep(sql, (s) => `u${s}`)}, payments, revenue_cents, refunded_cents`

const allOf = (sql: Sql) => sql`null::text, ${columns(sql)}`

/** Events, units and money of the cells, per group or over all; people of several combinations count in each. */
const fromCells = (sql: Sql, part: Part): ReadonlyArray<Statement.Fragment> => {
  const mark = part.grouped ? markOf(part.filter.group) : undefined
  const joined = mark === undefined ? sql`` : sql`join metrics_marks m on m.marks = c.marks`
  const ofCell = groupOf(sql, part, "c", "m")
  const cells = wantedCells(sql, part).map((wanted) => sql`select c.* from metrics_cells c where ${wanted}`)
  return cells.length === 0
    ? []
    : [
        sql`
          select ${ofCell.key} as key, ${perStep(sql, (s) => `c.n${s}`)},
            ${counted.map((s) => newIn(sql, s, ofCell.before)).reduce((a, b) => sql`${a}, ${b}`)},
            c.payments, c.revenue_cents, c.refunded_cents
          from (${unionAll(sql, cells)}) c ${joined}`
      ]
}

/** The same of the rows that are not in the cells. */
const fromRows = (sql: Sql, part: Part): ReadonlyArray<Statement.Fragment> => {
  if (part.plan.spans.length === 0) return []
  const ofFact = groupOf(sql, part, "f", "f")
  const isNew = sql`f.ok and (f.before is null or f.before < ${ofFact.since})`
  return [
    sql`
      select key, ${perStep(sql, (s) => `count(*) filter (where step = ${s})`)},
        ${perStep(sql, (s) => `count(*) filter (where step = ${s} and new)`)},
        count(*) filter (where step = ${paidStep}), coalesce(sum(cents) filter (where step = ${paidStep}), 0),
        coalesce(sum(cents) filter (where step = ${refundedStep}), 0)
      from (
        select ${ofFact.key} as key, f.step, f.cents, ${isNew} as new
        from ${freshName(sql, part)} f where f.step > 0 and ${wantedMarks(sql, part.filter, "f")}) f
      group by key`
  ]
}

const summed = (sql: Sql, tables: ReadonlyArray<Statement.Fragment>) => sql`
  select key, ${sums(sql)} from (${unionAll(sql, tables)}) x (key, ${columns(sql)}) group by key`

/** A table of the answer: the sums, less those counted too much. */
const counts = (sql: Sql, part: Part, sumsOfIt: Statement.Fragment) => {
  const nothing = counted.map(() => "0").join(", ")
  const tables = [
    sumsOfIt,
    ...(combined(part).length > 0
      ? [
          sql`select key, ${sql.literal(nothing)}, ${perStep(sql, (s) => `-coalesce(sum(again) filter (where step = ${s}), 0)`)},
            0, 0, 0 from ${againName(sql, part)} group by key`
        ]
      : [])
  ]
  return sql`
    select key, array[${perStep(sql, (s) => `sum(n${s})::bigint`)}] as events,
      array[${perStep(sql, (s) => `sum(u${s})::bigint`)}] as units,
      sum(payments)::bigint as payments, sum(revenue_cents)::bigint as "revenueCents",
      sum(refunded_cents)::bigint as "refundedCents"
    from (${unionAll(sql, tables)}) x (key, ${columns(sql)})
    group by key`
}

/** The visits' times are final later than the rest. */
export const visitsRolledTo = (rolledTo: Date | undefined): Date | undefined =>
  rolledTo === undefined ? undefined : new Date(rolledTo.getTime() - visitLagSeconds * 1000)
