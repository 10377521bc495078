import { Effect } from "effect"
import type { SqlClient, SqlError, Statement } from "effect/sql"
import {
  factsOf,
  instant,
  oneByOne,
  organicStep,
  paidStep,
  refundedStep,
  type Span,
  unionAll,
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

/** By name, because the indexes begin with grain and scope. */
const allScopes = ["a", "t", ...Object.values(scopeOfMark)].map((scope) => `'${scope}'`).join(", ")

interface Target {
  readonly sources: ReadonlyArray<Statement.Fragment>
  readonly windows: Windows
  /** Everything before this instant. */
  readonly until: Date
  /** Units' returns are written up to here, where there are cells beyond `until`. */
  readonly returnsUntil?: Date | undefined
}

interface Quarters extends Target {
  /** Beginnings of quarters of an hour; without them, all there are. */
  readonly quarters?: ReadonlyArray<Date> | undefined
}

interface Recent extends Target {
  readonly from: Date
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

/** The quarter of an hour that an instant lies in. */
export const quarterOf = (at: string) => `date_bin('15 minutes', ${at}, timestamptz '1970-01-01 00:00+00')`
export const quarterMs = 900_000

/** The ten seconds that an instant lies in. */
export const tenOf = (at: string) => `date_bin('10 seconds', ${at}, timestamptz '1970-01-01 00:00+00')`
export const tenMs = 10_000

const boundsOf = (quarters: ReadonlyArray<Date>): Span => {
  const times = quarters.map((quarter) => quarter.getTime())
  return { from: new Date(Math.min(...times)), to: new Date(Math.max(...times) + quarterMs) }
}

/** Combinations lie by time, as hours of them are read; in order of marks, each row of an hour was on a page of its own. */
const inReadingOrder = (sql: Sql, at: string) =>
  sql.literal(`order by scope, case when scope = 't' then ${at} end, marks, bot, ${at}`)

/** Writes the cells of quarters of an hour anew, straight from the rows. What stood there before must be gone. */
export const writeQuarters = (sql: Sql, { quarters, ...target }: Quarters) =>
  writeCells(
    sql,
    quarters === undefined
      ? { ...target, grain: "q", extent: "all", spans: sql`` }
      : {
          ...target,
          grain: "q",
          extent: boundsOf(quarters),
          spans: sql`
            select q as lo, least(q + interval '15 minutes', ${instant(sql, target.until)}) as hi
            from unnest(${instants(sql, quarters)}) q`
        }
  )

/** Writes the cells of ten seconds between two instants, as they are before any later sign is known. */
export const writeRecent = (sql: Sql, { from, ...target }: Recent) =>
  writeCells(sql, {
    ...target,
    grain: "s",
    extent: { from, to: target.until },
    spans: sql`select ${instant(sql, from)} as lo, ${instant(sql, target.until)} as hi`
  })

interface Cells extends Target {
  readonly grain: "q" | "s"
  readonly extent: Span | "all"
  readonly spans: Statement.Fragment
}

const writeCells = (sql: Sql, { extent, grain, returnsUntil, sources, spans, until, windows }: Cells) => {
  const end = instant(sql, until)
  const bin = sql.literal((grain === "q" ? quarterOf : tenOf)("f.at"))
  const inSpans =
    extent === "all"
      ? sql`f.at < ${end}`
      : grain === "q"
        ? sql`f.at < ${end} and ${bin} in (select lo from spans)`
        : sql`f.at < ${end} and f.at >= ${instant(sql, extent.from)}`
  const scopesOfIt = sql`
    (values ('a'::"char", 0::bigint, f.prev), ('s'::"char", f.source_marks, f.prev_s), ('p'::"char", f.term_marks, f.prev_p),
      ('t'::"char", f.marks, f.prev_t))
      v (scope, marks, prev)`
  // Of the last half hour no visit is over.
  const visits = grain === "q" ? sql`f.at < ${end} - make_interval(secs => ${visitLagSeconds})` : sql`false`
  return sql`
    with ${extent === "all" ? sql`` : sql`spans as materialized (${spans}),`} ${factsOf(sql, { sources, windows, extent, before: { prev: sql`true`, prev_s: sql`h.source_marks`, prev_p: sql`h.term_marks`, prev_t: sql`h.marks` } })},
    placed as materialized (select f.*, ${bin} as lo from facts f where ${inSpans}),
    cells as (
      insert into metrics_cells
      select ${grain}, c.scope, c.marks, c.bot, c.lo, ${cellsInOrder(sql)} from (
        select v.scope, v.marks, f.bot, f.lo,
          ${perStep(sql, (s) => `count(*) filter (where f.step = ${s}) as n${s}`)},
          ${perStep(sql, (s) => `count(*) filter (where f.step = ${s} and f.ok and (v.prev is null or v.prev < f.lo)) as u${s}`)},
          ${perStep(sql, (s) => `array_agg(v.prev) filter (where f.step = ${s} and f.ok and v.prev < f.lo) as r${s}`)},
          count(*) filter (where f.step = ${paidStep}) as payments,
          coalesce(sum(f.cents) filter (where f.step = ${paidStep}), 0) as revenue_cents,
          coalesce(sum(f.cents) filter (where f.step = ${refundedStep}), 0) as refunded_cents
        from placed f cross join lateral ${scopesOfIt}
        where f.step > 0
        group by v.scope, v.marks, f.bot, f.lo) c
      ${inReadingOrder(sql, "lo")}),
    times as (
      insert into metrics_times
      select ${grain}, scope, marks, bot, kind, lo, array_agg((bin::bigint << 32) + n order by bin) from (
        select v.scope, v.marks, f.bot, k.kind, f.lo, metrics_bin(k.seconds) as bin, count(*) as n
        from placed f cross join lateral ${scopesOfIt}
          cross join lateral (values ('p'::"char", f.pix_seconds), ('v'::"char", f.pay_seconds),
            ('b'::"char", case when ${visits} then f.visit_seconds end))
            k (kind, seconds)
        where k.seconds is not null
        group by 1, 2, 3, 4, 5, 6) x
      group by scope, marks, bot, kind, lo
      ${inReadingOrder(sql, "lo")}),
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
        from walked w where w.mixed and w.ok and w.step > 0 and w.at < ${instant(sql, returnsUntil ?? until)}) r
      where r.alike <> 0),
    known_marks as (
      insert into metrics_marks (marks, ${sql.literal(utmNames.join(", "))})
      select distinct f.marks, ${sql.literal(utmNames.map((name) => `f.${name}`).join(", "))} from placed f
      union
      select distinct f.source_marks, f.utm_source, null, null, null, null from placed f
      union
      select distinct f.term_marks, null, null, null, null, f.utm_term from placed f
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

type Grain = "q" | "h" | "d" | "m"

/** Sources and placements (Meta's `utm_term`) are few: by hour they are far fewer than the combinations. */
const ownHours = ["a", "s", "p"].map((scope) => `'${scope}'`).join(", ")

const finer: Readonly<Record<"h" | "d" | "m", ReadonlyArray<readonly [from: Grain, scopes: string]>>> = {
  // Combinations of marks are so many that their hours would be hardly fewer than their quarters.
  h: [["q", ownHours]],
  d: [
    ["h", ownHours],
    ["q", "'t'"]
  ],
  m: [["d", allScopes]]
}
const longest = { h: "1 hour", d: "26 hours", m: "32 days" }
const units = { h: "hour", d: "day", m: "month" }

/** Sums finer cells up to coarser ones. What stood there must be gone. */
const sumUp = Effect.fnUntraced(function* (
  sql: Sql,
  to: "h" | "d" | "m",
  buckets: ReadonlyArray<Date>
): Effect.fn.Return<void, SqlError.SqlError> {
  const lo = sql`date_trunc(${units[to]}, c.at, ${cellZone})`
  // Bucket by bucket through the index: the planner would read every hour of the years.
  const cellsOf = (table: "metrics_cells" | "metrics_times") => sql`
    select c.* from unnest(${instants(sql, buckets)}) b (lo) cross join lateral (
      select c.*, b.lo from (${unionAll(
        sql,
        finer[to].map(
          ([from, scopes]) => sql`
            select c.* from ${sql(table)} c
            where c.grain = ${from} and c.scope in (${sql.literal(scopes)}) and c.at >= b.lo
              and c.at < b.lo + ${longest[to]}::interval and ${lo} = b.lo`
        )
      )}) c ${oneByOne(sql)}) c`
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

/** The cells of all bots together, for the bins of a grain: units are of one bot each, so these are sums. */
export const allBots = Effect.fnUntraced(function* (sql: Sql, grain: "q" | "s", bins: Statement.Fragment) {
  const theirs = sql`c.grain = ${grain} and c.scope in (${sql.literal(ownHours)}) and c.bot <> '*' and ${bins}`
  yield* sql`
    insert into metrics_cells
    select ${grain}, c.scope, c.marks, '*', c.lo, ${cellsInOrder(sql)}
    from (
      select c.scope, c.marks, c.at as lo, ${sumsOf(sql, "c.at - interval '1 microsecond'")}
      from metrics_cells c where ${theirs}
      group by c.scope, c.marks, c.at) c`.unprepared
  yield* sql`
    insert into metrics_times
    select ${grain}, scope, marks, '*', kind, at, array_agg((bin << 32) + n order by bin) from (
      select scope, marks, kind, at, b >> 32 as bin, sum(b & 4294967295)::bigint as n
      from metrics_times c, unnest(c.bins) b where ${theirs}
      group by 1, 2, 3, 4, 5) x
    group by scope, marks, kind, at`.unprepared
})

export interface Buckets {
  readonly quarters: ReadonlyArray<Date>
  readonly hours: ReadonlyArray<Date>
  readonly days: ReadonlyArray<Date>
  readonly months: ReadonlyArray<Date>
}

/** Month by month: the sums of a year at once did not fit into the memory of a statement, and took minutes. */
const byMonth = (sql: Sql, quarters: Statement.Fragment) => sql<Buckets>`
  select array_agg(distinct q) as quarters, array_agg(distinct date_trunc('hour', q)) as hours,
    array_agg(distinct date_trunc('day', q, ${cellZone})) as days,
    array_agg(distinct date_trunc('month', q, ${cellZone})) as months
  from (${quarters}) x (q) group by date_trunc('month', q, ${cellZone}) order by min(q)`

/** Removes the cells of quarters and of what these lie in; answers all of them. */
export const clear = Effect.fnUntraced(function* (sql: Sql, quarters: ReadonlyArray<Date>) {
  const gone = yield* byMonth(sql, sql`select unnest(${instants(sql, quarters)})`)
  for (const table of ["metrics_cells", "metrics_times"])
    for (const [grain, buckets] of [
      ["q", gone.flatMap((month) => month.quarters)],
      ["h", gone.flatMap((month) => month.hours)],
      ["d", gone.flatMap((month) => month.days)],
      ["m", gone.flatMap((month) => month.months)]
    ] as const)
      yield* sql`
        delete from ${sql(table)}
        where grain = ${grain} and scope in (${sql.literal(allScopes)}) and at = any(${instants(sql, buckets)})`
  return gone
})

/** What has quarters. */
export const writtenMonths = (sql: Sql) =>
  byMonth(
    sql,
    sql`
      select at from metrics_cells where grain = 'q' and scope = 'a'
      union select at from metrics_times where grain = 'q' and scope = 'a'`
  )

/** Everything that is summed up from quarters. What stood there must be gone. */
export const sumUpAll = (sql: Sql, written: ReadonlyArray<Buckets>) =>
  Effect.forEach(
    written,
    Effect.fnUntraced(function* ({ days, hours, months, quarters }) {
      yield* allBots(sql, "q", sql`c.at = any(${instants(sql, quarters)})`)
      yield* sumUp(sql, "h", hours)
      yield* sumUp(sql, "d", days)
      yield* sql`select metrics_write_singles(${instants(sql, days)})`
      yield* sumUp(sql, "m", months)
    }),
    { discard: true }
  )
