import type { SqlClient, Statement } from "effect/sql"
import { statusOf } from "../payments/row.ts"
import { type UtmName, utmNames } from "./filter.ts"

type Sql = SqlClient.SqlClient

export interface Span {
  readonly from: Date
  readonly to: Date
}

/** How long the step before may lie back. */
export interface Windows {
  readonly to_bot_click_seconds: number
  readonly pix_created_seconds: number
  readonly pix_paid_seconds: number
  readonly settled_seconds: number
}

/** A pause longer than this begins another visit to the bot (facts: the gap rule of every analytics product). */
export const visitGapSeconds = 1800

/** Step numbers beyond the five of the funnel. */
export const organicStep = 6
export const paidStep = 7
export const refundedStep = 8

interface Scope {
  readonly sources: ReadonlyArray<Statement.Fragment>
  readonly windows: Windows
  /**
   * The facts of spans of time inside these bounds (a CTE `spans (lo, hi)` stands before) and the whole history of
   * whoever did something in them. `all`: everything.
   */
  readonly extent: Span | "all"
  readonly bot?: string | undefined
  /** Columns that tell when a unit did the same before, with this of the row `h` in common. */
  readonly before: { readonly [column: string]: Statement.Fragment }
}

export const unionAll = (sql: Sql, parts: ReadonlyArray<Statement.Fragment>) =>
  parts.reduce((a, b) => sql`${a} union all ${b}`)

/**
 * Ends a lateral query: it is asked anew for each row before it, by its indexes. The planner does not know how short a
 * span is; over ten million events it read a whole year of a bot instead, in 9 s.
 */
export const oneByOne = (sql: Sql) => sql.literal("offset 0")

export const instant = (sql: Sql, date: Date) => sql`${date.toISOString()}::timestamptz`

export const ofSession = "e.event_name in ('presell_view', 'to_bot_click')"

const marksOf = (sql: Sql, column: (name: UtmName) => string) =>
  sql.literal(utmNames.map((name) => `${column(name)} as ${name}`).join(", "))

/** Rows of one source as they stand. */
export const raw = (sql: Sql, source: Statement.Fragment, where: Statement.Fragment) => sql`
  select e.id, e.occurred_at, e.event_name, e.bot_id, e.bot_slug, e.event_id, e.session_id, e.telegram_id, e.tg_id,
    ${sql.literal(utmNames.map((name) => `e.${name}`).join(", "))}
  from (${source}) e where ${where} and e.event_name not in ('bot_session_end', 'pix_refunded', 'pix_charged_back')`

/** Those of spans of time; the bounds are constants, so that the planner looks at their months alone. */
export const rawOfSpan = (sql: Sql, source: Statement.Fragment, bounds: Span, where: Statement.Fragment) =>
  raw(
    sql,
    source,
    sql`e.occurred_at >= p.lo and e.occurred_at < p.hi and e.occurred_at >= ${instant(sql, bounds.from)}
      and e.occurred_at < ${instant(sql, bounds.to)} and ${where}`
  )

/** A row `e` in today's words, but for what a person did not do themselves; marks that it does not carry are those of its session `s`. */
const words = (sql: Sql) => sql`e.occurred_at as at,
    (case e.event_name when 'presell_view' then 1 when 'to_bot_click' then 2 when 'bot_start' then 3 when 'start' then 3
      when 'pix_created' then 4 when 'pix_paid' then 5 when 'payment_approved' then 5 else 0 end)::smallint as step,
    coalesce(b.slug, e.bot_slug, e.bot_id::text, '') as bot, coalesce(e.event_id, 'id:' || e.id) as event_id,
    e.session_id, coalesce(e.telegram_id, e.tg_id) as person,
    ${marksOf(sql, (name) => `coalesce(e.${name}, s.${name})`)}`

/** Few rows: their sessions are looked up one by one, the planner would read them all. */
export const itsSession = (sql: Sql) => sql`
  left join lateral (
    select ${sql.literal(utmNames.join(", "))} from tracking_sessions k where k.id = e.session_id ${oneByOne(sql)}) s on true`

export const ofBot = (sql: Sql, bot: string | undefined) =>
  bot === undefined
    ? sql`true`
    : sql`(e.bot_id = (select f.id from bots f where f.slug = ${bot}) or (e.bot_id is null and e.bot_slug = ${bot}))`

/** What was done by whom, whole: a step's standing and the times follow from everything its unit ever did. */
const history = (sql: Sql, { bot, extent, sources }: Scope) => {
  if (extent === "all") {
    const everything = unionAll(
      sql,
      sources.map(
        (one) => sql`
          select ${words(sql)} from (${raw(sql, one, sql`true`)}) e
            left join bots b on b.id = e.bot_id left join tracking_sessions s on s.id = e.session_id`
      )
    )
    return sql`history as (${everything})`
  }
  const seen = sources.map((one) => rawOfSpan(sql, one, extent, ofBot(sql, bot)))
  const theirs = sources.flatMap((one) => [
    raw(sql, one, sql`e.session_id = t.session_id and ${sql.literal(ofSession)}`),
    raw(sql, one, sql`e.telegram_id = t.person and not ${sql.literal(ofSession)}`),
    raw(sql, one, sql`e.telegram_id is null and e.tg_id = t.person and not ${sql.literal(ofSession)}`)
  ])
  return sql`
    seen as materialized (
      select ${words(sql)} from spans p cross join lateral (${unionAll(sql, seen)} ${oneByOne(sql)}) e
        left join bots b on b.id = e.bot_id ${itsSession(sql)}),
    touched as materialized (
      select distinct bot, session_id, null::bigint as person from seen where step in (1, 2) and session_id is not null
      union all
      select distinct bot, null, person from seen where step not in (1, 2) and person is not null),
    history as (
      select x.* from (
        select t.bot as of_bot, ${words(sql)}
        from touched t cross join lateral (${unionAll(sql, theirs)} ${oneByOne(sql)}) e
          left join bots b on b.id = e.bot_id ${itsSession(sql)}) x
      where x.bot = x.of_bot
      union all
      select s.bot, s.* from seen s where case when s.step in (1, 2) then s.session_id is null else s.person is null end)`
}

const withinWindow = (sql: Sql, before: string, seconds: number) =>
  sql`h.at - ${sql.literal(before)} <= make_interval(secs => ${seconds})`

/** Payments at the moment they were paid (7) or given back (8). Of the older systems only the last change is known. */
const money = (sql: Sql, { bot, extent }: Scope) => {
  const moments = [
    { step: paidStep, at: "p.paid_at", old: false },
    { step: paidStep, at: "p.updated_at", old: true },
    { step: refundedStep, at: "p.refunded_at", old: false },
    { step: refundedStep, at: "p.updated_at", old: true }
  ].map(({ at, old, step }) => {
    const column = sql.literal(at)
    const words = step === paidStep ? ["paid", "refunded", "charged_back"] : ["refunded", "charged_back"]
    const conditions = [
      sql`${column} is not null and ${statusOf(sql)} in (${sql.csv(words.map((word) => sql`${word}`))})`,
      ...(extent !== "all" ? [sql`${column} >= q.lo and ${column} < q.hi`] : []),
      ...(old
        ? [sql.literal(`p.bot_slug is null and ${step === paidStep ? "p.paid_at" : "p.refunded_at"} is null`)]
        : []),
      ...(bot === undefined ? [] : [sql`coalesce(b.slug, p.bot_slug) = ${bot}`])
    ]
    return sql`
      select ${column} as at, ${step}::smallint as step, coalesce(b.slug, p.bot_slug, '') as bot,
        coalesce(p.value_cents, p.amount_cents, 0) as cents,
        ${step === paidStep ? sql`least(greatest(floor(extract(epoch from ${column} - p.created_at)), 0), 1e9)::int` : sql`null::int`} as seconds,
        ${marksOf(sql, (name) => `p.tracking->>'${name}'`)}
      from payments p left join bots b on b.id = p.bot_id
      where ${sql.and(conditions)}`
  })
  return extent === "all"
    ? unionAll(sql, moments)
    : sql`select x.* from spans q cross join lateral (${unionAll(sql, moments)} ${oneByOne(sql)}) x`
}

// Marks that are the same hash to the same number; a rebuild finds what was found before.
const hashed = (sql: Sql, alias: string) =>
  sql.literal(`
  hash_array_extended(array['s', ${alias}.utm_source], 0) as source_marks,
  hash_array_extended(array['p', ${alias}.utm_term], 0) as term_marks,
  hash_array_extended(array[${utmNames.map((name) => `${alias}.${name}`).join(", ")}], 0) as marks`)

export const floored = (sql: Sql, interval: string) =>
  sql.literal(`least(floor(extract(epoch from ${interval})), 1e9)::int`)

/**
 * CTEs that end in `facts`: every event of a step with whether it counts (`ok`), and when its unit did the same before
 * (the columns of `before`); visits' ends and payments too. A unit is a session before the bot and a person of a bot from
 * there on; who is unknown is one alone.
 */
export const factsOf = (sql: Sql, scope: Scope): Statement.Fragment => {
  const { windows } = scope
  const inOrder = sql.literal("partition by h.bot, h.unit order by h.at, h.step, h.event_id")
  const before = sql.literal("rows between unbounded preceding and 1 preceding")
  const columns = Object.keys(scope.before)
  const earlier = Object.entries(scope.before).map(
    ([column, alike]) => sql`
      max(h.at) filter (where h.ok)
        over (partition by h.bot, h.unit, h.step, ${alike} order by h.at, h.event_id ${before}) as ${sql.literal(column)}`
  )
  return sql`
    ${history(sql, scope)},
    known as (
      select h.*, ${hashed(sql, "h")},
        coalesce(case when h.step in (1, 2) then 's:' || h.session_id else 'p:' || h.person end, 'e:' || h.event_id) as unit
      from history h),
    told as (
      select h.*, max(h.at) filter (where h.step = 1) over earlier as view_at,
        max(h.at) filter (where h.step = 3) over earlier as start_at,
        max(h.at) filter (where h.step = 4) over earlier as any_pix_at,
        lag(h.at) over ordered as before_at, lead(h.at) over ordered as next_at
      from known h
      window ordered as (${inOrder}), earlier as (${inOrder} ${before})),
    entered as (
      select h.*,
        case h.step when 2 then coalesce(${withinWindow(sql, "h.view_at", windows.to_bot_click_seconds)}, true)
          when 4 then coalesce(${withinWindow(sql, "h.start_at", windows.pix_created_seconds)}, true)
          else true end as fits,
        max(h.at) filter (where h.before_at is null or h.at - h.before_at > make_interval(secs => ${visitGapSeconds}))
          over (${inOrder} rows unbounded preceding) as visit_at
      from told h),
    chained as (
      select h.*, max(h.at) filter (where h.step = 4 and h.fits) over (${inOrder} ${before}) as pix_at from entered h),
    stood as (
      select h.at, h.bot, h.unit, h.step, h.event_id, ${sql.literal(utmNames.map((n) => `h.${n}`).join(", "))},
        h.source_marks, h.term_marks, h.marks,
        case when h.step <> 5 then h.fits
          when h.pix_at is null then h.any_pix_at is null and h.start_at is null
          else ${withinWindow(sql, "h.pix_at", windows.pix_paid_seconds)} end as ok,
        case when h.step = 4 and h.fits and h.start_at is not null and (h.any_pix_at is null or h.any_pix_at < h.start_at)
          then ${floored(sql, "h.at - h.start_at")} end as pix_seconds,
        case when h.unit like 'p:%' and (h.next_at is null or h.next_at - h.at > make_interval(secs => ${visitGapSeconds}))
          then ${floored(sql, "h.at - h.visit_at")} end as visit_seconds,
        h.step = 3 and h.session_id is null as organic
      from chained h),
    doubled as (
      select * from stood where step > 0 or visit_seconds is not null
      union all
      select at, bot, unit, ${organicStep}::smallint, event_id, ${sql.literal(utmNames.join(", "))}, source_marks, term_marks,
        marks, ok, null, null, false
      from stood where organic),
    united as materialized (
      select h.*,
        max(h.at) filter (where h.ok) over (partition by h.bot, h.unit, h.step order by h.at, h.event_id ${before}) as any_before,
        min(h.marks) filter (where h.ok) over (partition by h.bot, h.unit, h.step) is distinct from
          max(h.marks) filter (where h.ok) over (partition by h.bot, h.unit, h.step) as mixed
      from doubled h),
    -- Whoever always had the same marks did it before with the same marks: only of the few others need it be found out.
    walked as materialized (
      select h.*, ${sql.literal(columns.map((column) => `h.any_before as ${column}`).join(", "))} from united h where not h.mixed
      union all
      select h.*, ${earlier.reduce((a, b) => sql`${a}, ${b}`)} from united h where h.mixed),
    facts as (
      select at, bot, unit, step, ${sql.literal(utmNames.join(", "))}, source_marks, term_marks, marks, ok, ${sql.literal(columns.join(", "))},
        0 as cents, pix_seconds, null::int as pay_seconds, visit_seconds
      from walked
      union all
      select m.at, m.bot, null, m.step, ${sql.literal(utmNames.map((n) => `m.${n}`).join(", "))}, ${hashed(sql, "m")},
        false, ${sql.literal(columns.map(() => "null::timestamptz").join(", "))}, m.cents, null, m.seconds, null
      from (${money(sql, scope)}) m)`
}
