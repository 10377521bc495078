import type { SqlClient, Statement } from "effect/sql"
import { counted, instants, perStep, visitLagSeconds } from "./cells.ts"
import { factsOf, paidStep, refundedStep, type Windows } from "./facts.ts"
import { type MetricsFilter, noUtm, type UtmName, utmNames } from "./filter.ts"

type Sql = SqlClient.SqlClient

export interface Span {
  readonly from: Date
  readonly to: Date
}

export interface CellRange extends Span {
  readonly grain: "h" | "d" | "m"
}

/** Where a period's numbers come from: cells, without the hours that are cut, and rows. */
export interface ReadPlan {
  readonly cells: ReadonlyArray<CellRange>
  readonly cut: ReadonlyArray<Date>
  readonly spans: ReadonlyArray<Span>
}

export interface Reading {
  readonly filter: MetricsFilter
  readonly plan: ReadPlan
  readonly sources: ReadonlyArray<Statement.Fragment>
  readonly windows: Windows
  readonly rolledTo: Date | undefined
  /** Beginnings of groups that are spans of time; the key of a row is then the number of its group, from 1. */
  readonly borders?: ReadonlyArray<Date> | undefined
  /** With the filter's group, or over the whole period. */
  readonly grouped: boolean
}

const instant = (sql: Sql, date: Date) => sql`${date.toISOString()}::timestamptz`
/** A microsecond earlier: of instants in order, `width_bucket` counts those up to one, and wanted are those before. */
const justBefore = (date: Date) => new Date(date.getTime() - 1).toISOString().replace("Z", "999Z")

/** Of the units of a cell, those that are new since an instant. Not a function: PostgreSQL took 20 µs a cell for its calls. */
const newIn = (sql: Sql, step: number, before: Statement.Fragment) => {
  const [units, again] = [sql.literal(`c.u${step}`), sql.literal(`c.r${step}`)]
  return sql`case when ${again} is null then ${units} else ${units} - cardinality(${again}) + width_bucket(${before}, ${again}) end as ${sql.literal(`u${step}`)}`
}

const markOf = (group: MetricsFilter["group"]): UtmName | undefined => utmNames.find((name) => name === group)

/** The scope of cells that answers: all, one source, or combinations of marks. */
const scopeOf = ({ filter, grouped }: Reading) => {
  const asked = utmNames.filter((name) => filter.utm[name] !== undefined || (grouped && filter.group === name))
  if (asked.length === 0) return { scope: "a", prev: "prev" } as const
  return asked.every((name) => name === "utm_source")
    ? ({ scope: "s", prev: "prev_s" } as const)
    : ({ scope: "t", prev: "prev_t" } as const)
}

const wantedMarks = (sql: Sql, { filter }: Reading, alias: string) =>
  sql.and([
    sql`true`,
    ...utmNames.flatMap((name) => {
      const wanted = filter.utm[name]
      const column = sql.literal(`${alias}.${name}`)
      return wanted === undefined ? [] : [wanted === noUtm ? sql`${column} is null` : sql`${column} = ${wanted}`]
    })
  ])

const wantedCells = (sql: Sql, reading: Reading, range: CellRange, table: "c") => {
  const { filter, grouped, plan } = reading
  const { scope } = scopeOf(reading)
  const ofBot =
    filter.bot !== undefined
      ? sql`and c.bot = ${filter.bot}`
      : scope !== "t" && !(grouped && filter.group === "bot")
        ? sql`and c.bot = '*'`
        : sql`and c.bot <> '*'`
  const ofMarks =
    scope === "a"
      ? sql`and c.marks = 0`
      : utmNames.some((name) => filter.utm[name] !== undefined)
        ? sql`and c.marks = any(array(select m.marks from metrics_marks m where ${wantedMarks(sql, reading, "m")}))`
        : sql``
  const uncut =
    range.grain === "h" && plan.cut.length > 0
      ? sql`and ${sql.literal(table)}.at <> all(${instants(sql, plan.cut)})`
      : sql``
  return sql`c.grain = ${range.grain} and c.scope = ${scope} ${ofBot} ${ofMarks}
    and c.at >= ${instant(sql, range.from)} and c.at < ${instant(sql, range.to)} ${uncut}`
}

/** The group of a row with `at`, `bot` and marks, and the instant since which its units are to be new. */
const groupOf = (sql: Sql, { borders, filter, grouped }: Reading, alias: string, marksAlias: string) => {
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

const spansOf = (sql: Sql, { filter, plan, sources, windows }: Reading) => sql`
  spans as materialized (
    select * from unnest(${instants(
      sql,
      plan.spans.map((s) => s.from)
    )}, ${instants(
      sql,
      plan.spans.map((s) => s.to)
    )})
      x (lo, hi)),
  ${factsOf(sql, { sources, windows, extent: "spans", bot: filter.bot })},
  fresh as materialized (
    select f.* from facts f where exists (select from spans x where f.at >= x.lo and f.at < x.hi))`

const unionAll = (sql: Sql, parts: ReadonlyArray<Statement.Fragment>) =>
  parts.reduce((a, b) => sql`${a} union all ${b}`)

/** Events, units and money, per group or over all. */
export const counts = (sql: Sql, reading: Reading) => {
  const { plan } = reading
  const { prev, scope } = scopeOf(reading)
  const mark = reading.grouped ? markOf(reading.filter.group) : undefined
  const joined = mark === undefined ? sql`` : sql`join metrics_marks m on m.marks = c.marks`
  const ofCell = groupOf(sql, reading, "c", "m")
  const ofFact = groupOf(sql, reading, "f", "f")
  const fromCells = plan.cells.map(
    (range) => sql`
      select ${ofCell.key} as key, ${perStep(sql, (s) => `c.n${s}`)},
        ${counted.map((s) => newIn(sql, s, ofCell.before)).reduce((a, b) => sql`${a}, ${b}`)},
        c.payments, c.revenue_cents, c.refunded_cents
      from metrics_cells c ${joined} where ${wantedCells(sql, reading, range, "c")}`
  )
  const isNew = sql`f.ok and (${sql.literal(`f.${prev}`)} is null or ${sql.literal(`f.${prev}`)} < ${ofFact.since})`
  const fromRows = sql`
    select key, ${perStep(sql, (s) => `count(*) filter (where step = ${s})`)},
      ${perStep(sql, (s) => `count(*) filter (where step = ${s} and new)`)},
      count(*) filter (where step = ${paidStep}), coalesce(sum(cents) filter (where step = ${paidStep}), 0),
      coalesce(sum(cents) filter (where step = ${refundedStep}), 0)
    from (
      select ${ofFact.key} as key, f.step, f.cents, ${isNew} as new
      from fresh f where f.step > 0 and ${wantedMarks(sql, reading, "f")}) f
    group by key`
  const nothing = counted.map(() => "0").join(", ")
  const parts = [
    ...fromCells,
    ...(plan.spans.length === 0 ? [] : [fromRows]),
    ...(scope === "t"
      ? [
          sql`select key, ${sql.literal(nothing)}, ${perStep(sql, (s) => `-coalesce(sum(again) filter (where step = ${s}), 0)`)},
            0, 0, 0 from again group by key`
        ]
      : [])
  ]
  const ctes = [
    ...(plan.spans.length === 0 ? [] : [spansOf(sql, reading)]),
    ...(scope === "t" ? [again(sql, reading)] : [])
  ]
  return sql`
    ${ctes.length === 0 ? sql`` : sql`with ${ctes.reduce((a, b) => sql`${a}, ${b}`)}`}
    select key, array[${perStep(sql, (s) => `sum(n${s})::bigint`)}] as events,
      array[${perStep(sql, (s) => `sum(u${s})::bigint`)}] as units,
      sum(payments)::bigint as payments, sum(revenue_cents)::bigint as "revenueCents",
      sum(refunded_cents)::bigint as "refundedCents"
    from (${unionAll(sql, parts)})
      x (key, ${perStep(sql, (s) => `n${s}`)}, ${perStep(sql, (s) => `u${s}`)}, payments, revenue_cents, refunded_cents)
    group by key`
}

/** How often units were counted too much, because they came under several of the combinations asked for. */
const again = (sql: Sql, reading: Reading) => {
  const { filter, plan, rolledTo } = reading
  const ofKept = groupOf(sql, reading, "r", "m")
  const ofSeen = groupOf(sql, reading, "w", "w")
  const fresh = plan.spans.length > 0
  const within = (alias: string) => sql.literal(`${alias}.at`)
  const kept = sql`
    select ${ofKept.key} as key, r.bot, r.unit, r.step, r.marks
    from metrics_returns r join metrics_marks m on m.marks = r.marks
    where r.at >= ${instant(sql, filter.from)} and r.at < ${instant(sql, filter.to)}
      ${rolledTo === undefined ? sql`and false` : sql``}
      ${filter.bot === undefined ? sql`` : sql`and r.bot = ${filter.bot}`}
      and ${wantedMarks(sql, reading, "m")}
      ${fresh ? sql`and not exists (select from moved v where v.bot = r.bot and v.unit = r.unit)` : sql``}`
  const seen = sql`
    select ${ofSeen.key}, w.bot, w.unit, w.step, w.marks from walked w
    where w.mixed and w.ok and w.step > 0 and ${within("w")} >= ${instant(sql, filter.from)}
      and ${within("w")} < ${instant(sql, filter.to)} and ${wantedMarks(sql, reading, "w")}`
  return sql`
    ${fresh ? sql`moved as (select distinct w.bot, w.unit from walked w),` : sql``}
    again as (
      select key, step, count(distinct marks) - 1 as again
      from (${fresh ? sql`${kept} union all ${seen}` : kept}) r
      group by key, bot, unit, step having count(distinct marks) > 1)`
}

/** The three times: to PIX (p), to payment (v), in the bot (b). `kinds` share one plan. */
export const times = (sql: Sql, reading: Reading, kinds: ReadonlyArray<"p" | "v" | "b">) => {
  const { plan } = reading
  const wanted = sql.csv(kinds.map((kind) => sql`${kind}`))
  const parts = [
    ...plan.cells.map(
      (range) => sql`
        select c.kind, (b >> 32)::int as bin, b & 4294967295 as n from metrics_times c, unnest(c.bins) b
        where c.kind in (${wanted}) and ${wantedCells(sql, reading, range, "c")}`
    ),
    ...(plan.spans.length === 0
      ? []
      : [
          sql`
            select k.kind, metrics_bin(k.seconds), 1 from fresh f
              cross join lateral (values ('p'::"char", f.pix_seconds), ('v', f.pay_seconds), ('b', f.visit_seconds))
                k (kind, seconds)
            where k.kind in (${wanted}) and k.seconds is not null and ${wantedMarks(sql, reading, "f")}`
        ])
  ]
  if (parts.length === 0) parts.push(sql`select 'p'::"char" as kind, 0 as bin, 0::bigint as n where false`)
  return sql`
    ${plan.spans.length === 0 ? sql`` : sql`with ${spansOf(sql, reading)}`}
    select kind::text as kind, max(total)::bigint as count, metrics_bin_seconds(min(bin) filter (where upto >= 0.5 * total)) as p50,
      metrics_bin_seconds(min(bin) filter (where upto >= 0.9 * total)) as p90,
      metrics_bin_seconds(min(bin) filter (where upto >= 0.95 * total)) as p95
    from (
      select kind, bin, sum(sum(n)) over (partition by kind order by bin) as upto, sum(sum(n)) over (partition by kind) as total
      from (${unionAll(sql, parts)}) x (kind, bin, n) group by kind, bin) y
    group by kind`
}

/** The visits' times are final later than the rest. */
export const visitsRolledTo = (rolledTo: Date | undefined): Date | undefined =>
  rolledTo === undefined ? undefined : new Date(rolledTo.getTime() - visitLagSeconds * 1000)
