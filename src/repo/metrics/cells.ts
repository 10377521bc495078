import { Effect } from "effect"
import type { SqlClient, SqlError, Statement } from "effect/sql"
import {
  factsOf,
  oneByOne,
  organicStep,
  paidStep,
  refundedStep,
  type Span,
  visitGapSeconds,
  type Windows
} from "./facts.ts"
import { cellZone, scopeOfMark, type UtmName, utmNames } from "./filter.ts"

type Sql = SqlClient.SqlClient

/** A visit is over when nothing came for half an hour, so its time is final only then. */
export const visitLagSeconds = visitGapSeconds + 60

export const counted = [1, 2, 3, 4, 5, organicStep]

/** A list with one part for each step that is counted. */
export const perStep = (sql: Sql, part: (step: number) => string) => sql.literal(counted.map(part).join(", "))

/** All there are, by name: the indexes begin with grain and scope. */
export const scopes = (sql: Sql) =>
  sql.literal(["a", "t", ...Object.values(scopeOfMark)].map((s) => `'${s}'`).join(", "))

interface Target {
  readonly sources: ReadonlyArray<Statement.Fragment>
  readonly windows: Windows
  /** Everything before this instant. */
  readonly until: Date
  /** Beginnings of hours; without them, all there are. */
  readonly hours?: ReadonlyArray<Date> | undefined
}

/**
 * As one literal: the driver sends a list of strings as text[], whose conversion PostgreSQL repeats for every row. Asked
 * by hour, a month of cells took 10 s that way.
 */
export const instants = (sql: Sql, dates: ReadonlyArray<Date>) =>
  sql`${`{${dates.map((date) => date.toISOString()).join(",")}}`}::timestamptz[]`

/** The bit of a kind of mark. */
export const bitOf = (name: UtmName) => 1 << utmNames.indexOf(name)

/** The kinds of marks that a row has in common with another of its unit and step, while not having all of them. */
const alike = (sql: Sql) =>
  sql.literal(
    utmNames
      .map((name) => {
        const together = `over (partition by w.bot, w.unit, w.step, w.${name})`
        return `case when min(w.marks) ${together} <> max(w.marks) ${together} then ${bitOf(name)} else 0 end`
      })
      .join(" + ")
  )

const boundsOf = (hours: ReadonlyArray<Date>): Span => {
  const times = hours.map((hour) => hour.getTime())
  return { from: new Date(Math.min(...times)), to: new Date(Math.max(...times) + 3_600_000) }
}

/** Writes the cells of hours anew, straight from the rows. What stood there before must be gone. */
export const writeHours = (sql: Sql, { hours, sources, until, windows }: Target) => {
  const end = sql`${until.toISOString()}::timestamptz`
  const extent = hours === undefined ? "all" : boundsOf(hours)
  const spans =
    hours === undefined
      ? sql``
      : sql`spans as materialized (
          select h as lo, least(h + interval '1 hour', ${end}) as hi from unnest(${instants(sql, hours)}) h),`
  const inHours =
    hours === undefined ? sql`f.at < ${end}` : sql`f.at < ${end} and date_trunc('hour', f.at) in (select lo from spans)`
  const scopesOfIt = sql`
    (values ('a'::"char", 0::bigint, f.prev), ('s'::"char", f.source_marks, f.prev_s), ('t'::"char", f.marks, f.prev_t))
      v (scope, marks, prev)`
  return sql`
    with ${spans} ${factsOf(sql, { sources, windows, extent, before: { prev: [], prev_s: ["source_marks"], prev_t: ["marks"] } })},
    placed as materialized (select f.*, date_trunc('hour', f.at) as lo from facts f where ${inHours}),
    cells as (
      insert into metrics_cells
      select 'h', c.scope, c.marks, c.bot, c.lo, ${cellsInOrder(sql)} from (
      select v.scope, v.marks, case when grouping(f.bot) = 1 then '*' else f.bot end as bot, f.lo,
        ${perStep(sql, (s) => `count(*) filter (where f.step = ${s}) as n${s}`)},
        ${perStep(sql, (s) => `count(*) filter (where f.step = ${s} and f.ok and (v.prev is null or v.prev < f.lo)) as u${s}`)},
        ${perStep(sql, (s) => `array_agg(v.prev) filter (where f.step = ${s} and f.ok and v.prev < f.lo) as r${s}`)},
        count(*) filter (where f.step = ${paidStep}) as payments,
        coalesce(sum(f.cents) filter (where f.step = ${paidStep}), 0) as revenue_cents,
        coalesce(sum(f.cents) filter (where f.step = ${refundedStep}), 0) as refunded_cents
      from placed f cross join lateral ${scopesOfIt}
      where f.step > 0
      group by grouping sets ((v.scope, v.marks, f.lo, f.bot), (v.scope, v.marks, f.lo))
      having grouping(f.bot) = 0 or v.scope <> 't') c),
    times as (
      insert into metrics_times
      select 'h', scope, marks, bot, kind, lo, array_agg((bin::bigint << 32) + n order by bin) from (
        select v.scope, v.marks, case when grouping(f.bot) = 1 then '*' else f.bot end as bot, k.kind, f.lo,
          metrics_bin(k.seconds) as bin, count(*) as n
        from placed f cross join lateral ${scopesOfIt}
          cross join lateral (values ('p'::"char", f.pix_seconds), ('v'::"char", f.pay_seconds),
            ('b'::"char", case when f.at < ${end} - make_interval(secs => ${visitLagSeconds}) then f.visit_seconds end))
            k (kind, seconds)
        where k.seconds is not null
        group by grouping sets (
          (v.scope, v.marks, k.kind, f.lo, metrics_bin(k.seconds), f.bot),
          (v.scope, v.marks, k.kind, f.lo, metrics_bin(k.seconds)))
        having grouping(f.bot) = 0 or v.scope <> 't') x
      group by scope, marks, bot, kind, lo),
    forgotten as (
      ${
        extent === "all"
          ? sql`select 1`
          : sql`delete from metrics_returns r using (select distinct w.bot, w.unit from walked w) u
              where r.bot = u.bot and r.unit = u.unit`
      }),
    returns as (
      insert into metrics_returns (bot, unit, step, at, marks, alike)
      select * from (
        select w.bot, w.unit, w.step, w.at, w.marks, (${alike(sql)})::smallint as alike
        from walked w where w.mixed and w.ok and w.step > 0 and w.at < ${end}) r
      where r.alike <> 0),
    known_marks as (
      insert into metrics_marks (marks, ${sql.literal(utmNames.join(", "))})
      select distinct f.marks, ${sql.literal(utmNames.map((name) => `f.${name}`).join(", "))} from placed f
      union
      select distinct f.source_marks, f.utm_source, null, null, null, null from placed f
      on conflict do nothing)
    select 1`.unprepared
}

/** Of a cell's units, those that are new since an instant. No function: PostgreSQL took 20 µs a cell for its calls. */
const newSince = (step: number, justBefore: string) =>
  `case when c.r${step} is null then c.u${step} else c.u${step} - cardinality(c.r${step}) + width_bucket(${justBefore}, c.r${step}) end`

/** Of the instants of a cell, those before another. */
const earlierThan = (step: number, justBefore: string) =>
  `case when c.r${step} is not null then c.r${step}[1:width_bucket(${justBefore}, c.r${step})] end`

/** Instants in order. In place and only where there are some: as a function it took most of the time of the days' sums. */
const inOrder = (instants: string) =>
  `case when ${instants} is not null then (select array_agg(i order by i) from unnest(${instants}) i) end`

const sumsOf = (sql: Sql, justBefore: string) => sql`
  ${perStep(sql, (s) => `sum(c.n${s}) as n${s}`)}, ${perStep(sql, (s) => `sum(${newSince(s, justBefore)}) as u${s}`)},
  ${perStep(sql, (s) => `metrics_joined(${earlierThan(s, justBefore)}) filter (where c.r${s} is not null) as r${s}`)},
  sum(c.payments) as payments, sum(c.revenue_cents) as revenue_cents, sum(c.refunded_cents) as refunded_cents`

const cellsInOrder = (sql: Sql) => sql`
  ${perStep(sql, (s) => `c.n${s}`)}, ${perStep(sql, (s) => `c.u${s}`)}, ${perStep(sql, (s) => inOrder(`c.r${s}`))},
  c.payments, c.revenue_cents, c.refunded_cents`

/** Sums finer cells up to coarser ones. What stood there must be gone. */
const sumUp = Effect.fnUntraced(function* (
  sql: Sql,
  to: "d" | "m",
  buckets: ReadonlyArray<Date>
): Effect.fn.Return<void, SqlError.SqlError> {
  const from = to === "d" ? "h" : "d"
  const unit = to === "d" ? "day" : "month"
  const lo = sql`date_trunc(${unit}, c.at, ${cellZone})`
  // Bucket by bucket through the index: the planner would read every hour of the years.
  const cellsOf = (table: "metrics_cells" | "metrics_times") => sql`
    select c.* from unnest(${instants(sql, buckets)}) b (lo) cross join lateral (
      select c.*, ${lo} as lo from ${sql(table)} c
      where c.grain = ${from} and c.scope in (${scopes(sql)}) and c.at >= b.lo
        and c.at < b.lo + ${to === "d" ? "26 hours" : "32 days"}::interval and ${lo} = b.lo ${oneByOne(sql)}) c`
  yield* sql`
    insert into metrics_cells
    select ${to}, c.scope, c.marks, c.bot, c.lo, ${cellsInOrder(sql)}
    from (
      select c.scope, c.marks, c.bot, c.lo, ${sumsOf(sql, "c.lo - interval '1 microsecond'")}
      from (${cellsOf("metrics_cells")}) c
      group by c.scope, c.marks, c.bot, c.lo) c`.unprepared
  yield* sql`
    insert into metrics_times
    select ${to}, scope, marks, bot, kind, lo, array_agg((bin << 32) + n order by bin) from (
      select scope, marks, bot, kind, lo, b >> 32 as bin, sum(b & 4294967295)::bigint as n
      from (${cellsOf("metrics_times")}) c, unnest(c.bins) b
      group by 1, 2, 3, 4, 5, 6) x
    group by scope, marks, bot, kind, lo`.unprepared
})

/** Removes the cells of the hours and of the days and months they lie in; answers those. */
export const clear = Effect.fnUntraced(function* (sql: Sql, hours: ReadonlyArray<Date>) {
  const [found] = yield* sql<{ readonly days: ReadonlyArray<Date>; readonly months: ReadonlyArray<Date> }>`
    select array_agg(distinct date_trunc('day', h, ${cellZone})) as days,
      array_agg(distinct date_trunc('month', h, ${cellZone})) as months
    from unnest(${instants(sql, hours)}) h`
  const { days, months } = found ?? { days: [], months: [] }
  const gone = { h: hours, d: days, m: months }
  for (const table of ["metrics_cells", "metrics_times"])
    for (const [grain, buckets] of Object.entries(gone))
      yield* sql`
        delete from ${sql(table)}
        where grain = ${grain} and scope in (${scopes(sql)}) and at = any(${instants(sql, buckets)})`
  return { days, months }
})

/** Days, months and the cells by one kind of mark, from the hours. What stood there must be gone. */
export const sumUpDays = Effect.fnUntraced(function* (
  sql: Sql,
  { days, months }: { readonly days: ReadonlyArray<Date>; readonly months: ReadonlyArray<Date> }
) {
  yield* sumUp(sql, "d", days)
  yield* sql`select metrics_write_singles(${instants(sql, days)})`
  yield* sumUp(sql, "m", months)
})
