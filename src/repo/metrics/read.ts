import type { SqlClient, Statement } from "effect/sql"
import { bitOf, counted, instants, perStep, quarterOf, visitLagSeconds } from "./cells.ts"
import { factsOf, instant, paidStep, refundedStep, type Span, unionAll, type Windows } from "./facts.ts"
import { type MetricsFilter, noUtm, scopeOfMark, type UtmName, utmNames } from "./filter.ts"
import { visitsOf } from "./visits.ts"

type Sql = SqlClient.SqlClient

export interface CellRange extends Span {
  readonly grain: "h" | "d" | "m"
}

/** Where a period's numbers come from: cells, and rows. */
export interface ReadPlan {
  readonly cells: ReadonlyArray<CellRange>
  /** Hours that a border divides: read by these quarters. */
  readonly divided: ReadonlyArray<Date>
  readonly quarters: ReadonlyArray<Date>
  /** Quarters of an hour that a border cuts: read from the rows. */
  readonly cut: ReadonlyArray<Date>
  readonly spans: ReadonlyArray<Span>
}

/** What a question asks of the tables. */
export interface Reading {
  readonly filter: MetricsFilter
  readonly sources: ReadonlyArray<Statement.Fragment>
  readonly windows: Windows
  readonly rolledTo: Date | undefined
  /** For the whole period. */
  readonly plan: ReadPlan
  /** For the groups, where there are any; its spans hold those of the whole. */
  readonly groups: Groups | undefined
}

export interface Groups {
  readonly plan: ReadPlan
  /** Beginnings of groups that are spans of time; the key of a row is then the number of its group, from 1. */
  readonly borders: ReadonlyArray<Date> | undefined
}

/** One of the two tables of an answer: the whole period or its groups. */
interface Part {
  readonly name: "whole" | "groups"
  readonly filter: MetricsFilter
  readonly plan: ReadPlan
  readonly grouped: boolean
  readonly borders: ReadonlyArray<Date> | undefined
  readonly cellsExist: boolean
}

/** A microsecond earlier: of instants in order, `width_bucket` counts those up to one, and wanted are those before. */
const justBefore = (date: Date) => new Date(date.getTime() - 1).toISOString().replace("Z", "999Z")

/** Of the units of a cell, those that are new since an instant. Not a function: PostgreSQL took 20 µs a cell for its calls. */
const newIn = (sql: Sql, step: number, before: Statement.Fragment) => {
  const [units, again] = [sql.literal(`c.u${step}`), sql.literal(`c.r${step}`)]
  return sql`case when ${again} is null then ${units} else ${units} - cardinality(${again}) + width_bucket(${before}, ${again}) end as ${sql.literal(`u${step}`)}`
}

const markOf = (group: MetricsFilter["group"]): UtmName | undefined => utmNames.find((name) => name === group)

const askedOf = ({ filter, grouped }: Part) =>
  utmNames.filter((name) => filter.utm[name] !== undefined || (grouped && filter.group === name))

/** The scope of cells that answers: all, one kind of mark (by hour only the source has its own), or combinations. */
const scopeOf = (part: Part, grain: CellRange["grain"]) => {
  const [asked, ...more] = askedOf(part)
  if (asked === undefined) return "a"
  return more.length === 0 && (grain !== "h" || asked === "utm_source") ? scopeOfMark[asked] : "t"
}

const combined = (part: Part) => part.plan.cells.filter((range) => scopeOf(part, range.grain) === "t")

/** The column of a fact that tells when its unit did the same before with the same marks of those asked for. */
const beforeOf = ({ name }: Part) => `before_${name}`

const wantedMarks = (sql: Sql, filter: MetricsFilter, alias: string) =>
  sql.and([
    sql`true`,
    ...utmNames.flatMap((name) => {
      const wanted = filter.utm[name]
      const column = sql.literal(`${alias}.${name}`)
      return wanted === undefined ? [] : [wanted === noUtm ? sql`${column} is null` : sql`${column} = ${wanted}`]
    })
  ])

const hasMarks = ({ utm }: MetricsFilter) => utmNames.some((name) => utm[name] !== undefined)

/** The combinations that a filter by marks lets through, looked up once. */
const wanted = (sql: Sql, filter: MetricsFilter) =>
  hasMarks(filter)
    ? [sql`wanted as materialized (select m.marks from metrics_marks m where ${wantedMarks(sql, filter, "m")})`]
    : []

const withAll = (sql: Sql, ctes: ReadonlyArray<Statement.Fragment>) =>
  ctes.length === 0 ? sql`` : sql`with ${ctes.reduce((a, b) => sql`${a}, ${b}`)}`

/** What to look for in the tables of cells, range by range. */
const wantedCells = (sql: Sql, part: Part): ReadonlyArray<Statement.Fragment> => {
  const { filter, grouped, plan } = part
  const of = (grain: string, scope: string, at: Statement.Fragment) => {
    const ofBot =
      filter.bot !== undefined
        ? sql`and c.bot = ${filter.bot}`
        : scope !== "t" && !(grouped && filter.group === "bot")
          ? sql`and c.bot = '*'`
          : sql`and c.bot <> '*'`
    return sql`c.grain = ${grain} and c.scope = ${scope} ${ofBot} ${marksIn(sql, scope, filter)} and ${at}`
  }
  const without = (dates: ReadonlyArray<Date>) =>
    dates.length === 0 ? sql`` : sql`and c.at <> all(${instants(sql, dates)})`
  const ranges = plan.cells.map(({ from, grain, to }) => {
    const scope = scopeOf(part, grain)
    const until = sql`c.at < ${instant(sql, to)}`
    const within = sql`c.at >= ${instant(sql, from)} and ${until}`
    if (grain !== "h") return of(grain, scope, within)
    // Combinations have no hours, only quarters.
    return scope === "t"
      ? of(
          "q",
          scope,
          sql`c.at >= ${instant(sql, from < filter.from ? filter.from : from)} and ${until} ${without(plan.cut)}`
        )
      : of("h", scope, sql`${within} ${without(plan.divided)}`)
  })
  const scope = scopeOf(part, "h")
  return scope === "t" || plan.quarters.length === 0
    ? ranges
    : [...ranges, of("q", scope, sql`c.at = any(${instants(sql, plan.quarters)})`)]
}

const marksIn = (sql: Sql, scope: string, filter: MetricsFilter) => {
  if (scope === "a") return sql`and c.marks = 0`
  const name = utmNames.find((one) => filter.utm[one] !== undefined)
  if (name === undefined) return sql``
  // Looked up one by one: as a join, the planner read a year of everybody's cells for one combination.
  if (scope === "t") return sql`and c.marks = any(array(select w.marks from wanted w))`
  const value = filter.utm[name]
  return sql`and c.marks = metrics_marks_of(${scope}, ${value === noUtm || value === undefined ? null : value})`
}

/** The group of a row with `at`, `bot` and marks, and the instant since which its units are to be new. */
const groupOf = (sql: Sql, { borders, filter, grouped }: Part, alias: string, marksAlias: string) => {
  const since = instant(sql, filter.from)
  const before = sql`${justBefore(filter.from)}::timestamptz`
  if (!grouped) return { key: sql`null::text`, since, before }
  if (borders !== undefined) {
    const number = sql`width_bucket(${sql.literal(alias)}.at, ${instants(sql, borders)})`
    return {
      key: sql`${number}::text`,
      since: sql`(${instants(sql, borders)})[${number}]`,
      before: sql`(${`{${borders.map(justBefore).join(",")}}`}::timestamptz[])[${number}]`
    }
  }
  const mark = markOf(filter.group)
  return mark === undefined
    ? { key: sql`coalesce(nullif(${sql.literal(alias)}.bot, ''), ${noUtm})`, since, before }
    : { key: sql`coalesce(${sql.literal(`${marksAlias}.${mark}`)}, ${noUtm})`, since, before }
}

const spansOf = (sql: Sql, spans: ReadonlyArray<Span>) => {
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

const boundsOf = (spans: ReadonlyArray<Span>): Span => ({
  from: new Date(Math.min(...spans.map((span) => span.from.getTime()))),
  to: new Date(Math.max(...spans.map((span) => span.to.getTime())))
})

const partsOf = ({ filter, groups, plan, rolledTo }: Reading): ReadonlyArray<Part> => {
  const cellsExist = rolledTo !== undefined
  const whole = { name: "whole", filter, plan, grouped: false, borders: undefined, cellsExist } as const
  return groups === undefined ? [whole] : [whole, { ...whole, name: "groups", grouped: true, ...groups }]
}

/** All of an answer but the visits, in one row: what is not in the cells is looked up once for all of it. */
export const answer = (sql: Sql, reading: Reading) => {
  const { filter, groups, plan, sources, windows } = reading
  const parts = partsOf(reading)
  const spans = (groups?.plan ?? plan).spans
  const ctes: Array<Statement.Fragment> = wanted(sql, filter)
  if (spans.length > 0)
    ctes.push(
      spansOf(sql, spans),
      factsOf(sql, {
        sources,
        windows,
        extent: boundsOf(spans),
        bot: filter.bot,
        before: Object.fromEntries(parts.map((part) => [beforeOf(part), askedOf(part)]))
      }),
      ...parts.map((part) => freshOf(sql, part))
    )
  for (const part of parts) if (combined(part).length > 0) ctes.push(again(sql, part))
  // Groups that are no spans of time are made of the cells of the whole: those are read once.
  const shared =
    parts.length > 1 &&
    groups?.borders === undefined &&
    parts.every((part) => combined(part).length === plan.cells.length)
  if (shared) ctes.push(sql`base as materialized (${summed(sql, parts[1] as Part)})`)
  const [whole, grouped] = parts.map((part) =>
    counts(sql, part, shared ? sql`select ${part.grouped ? sql`b.*` : allOf(sql)} from base b` : summed(sql, part))
  )
  return sql`
    ${withAll(sql, ctes)}
    select ${asList(sql, whole)} as whole, ${asList(sql, grouped)} as groups,
      ${asList(sql, percentiles(sql, timesOf(sql, parts[0] as Part)))} as times`
}

const asList = (sql: Sql, query: Statement.Fragment | undefined) =>
  query === undefined ? sql`'[]'::json` : sql`(select coalesce(json_agg(q), '[]') from (${query}) q)`

const freshName = (sql: Sql, { name }: Part) => sql.literal(`fresh_${name}`)
const againName = (sql: Sql, { name }: Part) => sql.literal(`again_${name}`)

const freshOf = (sql: Sql, part: Part) => sql`
  ${freshName(sql, part)} as materialized (
    select f.* from facts f where exists (
      select from unnest(${instants(
        sql,
        part.plan.spans.map((span) => span.from)
      )}, ${instants(
        sql,
        part.plan.spans.map((span) => span.to)
      )}) x (lo, hi) where f.at >= x.lo and f.at < x.hi))`

const sums = (sql: Sql) => sql`
  ${perStep(sql, (s) => `sum(n${s})::bigint as n${s}`)}, ${perStep(sql, (s) => `sum(u${s})::bigint as u${s}`)},
  sum(payments)::bigint as payments, sum(revenue_cents)::bigint as revenue_cents,
  sum(refunded_cents)::bigint as refunded_cents`

const columns = (sql: Sql) =>
  sql`${perStep(sql, (s) => `n${s}`)}, ${perStep(sql, (s) => `u${s}`)}, payments, revenue_cents, refunded_cents`

const allOf = (sql: Sql) => sql`null::text, ${columns(sql)}`

/** Events, units and money, per group or over all; people of several combinations count in each. */
const summed = (sql: Sql, part: Part) => {
  const { filter, grouped, plan } = part
  const mark = grouped ? markOf(filter.group) : undefined
  const joined = mark === undefined ? sql`` : sql`join metrics_marks m on m.marks = c.marks`
  const ofCell = groupOf(sql, part, "c", "m")
  const ofFact = groupOf(sql, part, "f", "f")
  const cells = wantedCells(sql, part).map((wanted) => sql`select c.* from metrics_cells c where ${wanted}`)
  const fromCells =
    cells.length === 0
      ? []
      : [
          sql`
            select ${ofCell.key} as key, ${perStep(sql, (s) => `c.n${s}`)},
              ${counted.map((s) => newIn(sql, s, ofCell.before)).reduce((a, b) => sql`${a}, ${b}`)},
              c.payments, c.revenue_cents, c.refunded_cents
            from (${unionAll(sql, cells)}) c ${joined}`
        ]
  const earlier = sql.literal(`f.${beforeOf(part)}`)
  const isNew = sql`f.ok and (${earlier} is null or ${earlier} < ${ofFact.since})`
  const fromRows = sql`
    select key, ${perStep(sql, (s) => `count(*) filter (where step = ${s})`)},
      ${perStep(sql, (s) => `count(*) filter (where step = ${s} and new)`)},
      count(*) filter (where step = ${paidStep}), coalesce(sum(cents) filter (where step = ${paidStep}), 0),
      coalesce(sum(cents) filter (where step = ${refundedStep}), 0)
    from (
      select ${ofFact.key} as key, f.step, f.cents, ${isNew} as new
      from ${freshName(sql, part)} f where f.step > 0 and ${wantedMarks(sql, filter, "f")}) f
    group by key`
  const tables = [...fromCells, ...(plan.spans.length === 0 ? [] : [fromRows])]
  return sql`
    select key, ${sums(sql)} from (${unionAll(sql, tables)}) x (key, ${columns(sql)}) group by key`
}

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

/**
 * How often cells by combinations counted units too much, because those came under several of the combinations asked
 * for, which then had all asked kinds of marks in common (`alike`). A unit counts in its first cell of each combination
 * and should in its first row alone. Units and keys go as numbers: sorted as texts by the rules of a language they took
 * half of a question's time.
 */
const again = (sql: Sql, part: Part) => {
  const { filter, plan } = part
  // One by one, as the statistics are.
  const alike = sql.and(askedOf(part).map((name) => sql.literal(`(r.alike & ${bitOf(name)}) = ${bitOf(name)}`)))
  const ranges = combined(part)
  const isIn = (at: string) =>
    sql.or(
      ranges.map((range) => {
        const column = sql.literal(at)
        const inside = sql`${column} >= ${instant(sql, range.from)} and ${column} < ${instant(sql, range.to)}`
        return range.grain === "h" && plan.cut.length > 0
          ? sql`(${inside} and ${sql.literal(quarterOf(at))} <> all(${instants(sql, plan.cut)}))`
          : sql`(${inside})`
      })
    )
  const ofBot = filter.bot === undefined ? sql`` : sql`and r.bot = ${filter.bot}`
  const inPeriod = sql`r.at >= ${instant(sql, filter.from)} and r.at < ${instant(sql, filter.to)}`
  // Where only hours are read by combinations, those hours' units alone.
  const returns =
    ranges.length === plan.cells.length
      ? sql`metrics_returns r`
      : sql`(select distinct r.bot, r.unit from metrics_returns r where ${isIn("r.at")} and ${alike} ${ofBot}) u
          join metrics_returns r on r.bot = u.bot and r.unit = u.unit`
  const key = groupOf(sql, part, "r", "r").key
  return sql`
    ${againName(sql, part)} as (
      select max(key) as key, step, sum(again) as again from (
        select k, step, max(key) as key,
          count(*) filter (where ${isIn("r.at")}) - case when ${isIn("min(r.at)")} then 1 else 0 end as again
        from (
          select who, step, k, marks, max(key) as key, min(at) as at from (
            select hashtextextended(r.unit, hashtextextended(r.bot, 0)) as who, r.step, r.marks, r.at,
              hashtextextended(${key}, 0) as k, ${key} collate "C" as key
            from (
              select r.*, ${sql.literal(utmNames.map((name) => `m.${name}`).join(", "))}
              from ${returns} join metrics_marks m on m.marks = r.marks
              where ${alike} and ${inPeriod} ${ofBot}
              -- Read once: taken for one combination, fifty had the returns read fifty times.
              offset 0) r
            where ${wantedMarks(sql, filter, "r")}) r
          group by who, step, k, marks) r
        group by who, step, k having count(*) > 1) r
      group by k, step)`
}

/** `unnest` beside the row and not in a join: a join fills a table in memory for every cell, four times as slow. */
const cellTimes = (sql: Sql, part: Part, kinds: ReadonlyArray<"p" | "v" | "b">) =>
  wantedCells(sql, part).map(
    (wanted) => sql`
      select kind, (b >> 32)::int as bin, b & 4294967295 as n from (
        select c.kind, unnest(c.bins) as b from metrics_times c
        where c.kind in (${sql.csv(kinds.map((kind) => sql`${kind}`))}) and ${wanted}) c`
  )

/** To PIX and to payment. */
const timesOf = (sql: Sql, part: Part) => {
  const rows = sql`
    select k.kind, metrics_bin(k.seconds), 1 from ${freshName(sql, part)} f
      cross join lateral (values ('p'::"char", f.pix_seconds), ('v', f.pay_seconds)) k (kind, seconds)
    where k.seconds is not null and ${wantedMarks(sql, part.filter, "f")}`
  return [...cellTimes(sql, part, ["p", "v"]), ...(part.plan.spans.length === 0 ? [] : [rows])]
}

/** The time in the bot; its plan ends earlier. */
export const visitTimes = (sql: Sql, reading: Reading) => {
  const [part] = partsOf({ ...reading, groups: undefined })
  const { filter, plan, sources } = reading
  const spans = plan.spans
  const cells = cellTimes(sql, part as Part, ["b"])
  if (spans.length === 0) return sql`${withAll(sql, wanted(sql, filter))} ${percentiles(sql, cells)}`
  const rows = sql`
    select 'b'::"char", metrics_bin(v.visit_seconds), 1 from visits v where ${wantedMarks(sql, filter, "v")}`
  return sql`
    ${withAll(sql, [
      ...wanted(sql, filter),
      spansOf(sql, spans),
      visitsOf(sql, { sources, bounds: boundsOf(spans), bot: filter.bot })
    ])}
    ${percentiles(sql, [...cells, rows])}`
}

const percentiles = (sql: Sql, parts: ReadonlyArray<Statement.Fragment>) => {
  const none = sql`select 'p'::"char" as kind, 0 as bin, 0::bigint as n where false`
  // Kind and bin as one number: sorting ten thousand bins by two columns was most of a question's time.
  return sql`
    select chr(bin >> 16) as kind, max(total)::bigint as count,
      metrics_bin_seconds(min(bin & 65535) filter (where upto >= 0.5 * total)) as p50,
      metrics_bin_seconds(min(bin & 65535) filter (where upto >= 0.9 * total)) as p90,
      metrics_bin_seconds(min(bin & 65535) filter (where upto >= 0.95 * total)) as p95
    from (
      select bin, sum(n) over (partition by bin >> 16 order by bin) as upto, sum(n) over (partition by bin >> 16) as total
      from (
        select (x.kind::int << 16) + x.bin as bin, sum(x.n) as n
        from (${unionAll(sql, parts.length === 0 ? [none] : parts)}) x (kind, bin, n) group by 1) y) z
    group by bin >> 16`
}

/** The visits' times are final later than the rest. */
export const visitsRolledTo = (rolledTo: Date | undefined): Date | undefined =>
  rolledTo === undefined ? undefined : new Date(rolledTo.getTime() - visitLagSeconds * 1000)
