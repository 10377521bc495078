import type { SqlClient, Statement } from "effect/sql"
import {
  floored,
  itsSession,
  instant,
  ofBot,
  ofSession,
  oneByOne,
  raw,
  rawOfSpan,
  type Span,
  unionAll,
  visitGapSeconds
} from "./facts.ts"
import { utmNames } from "./filter.ts"

type Sql = SqlClient.SqlClient

/** A visit that is under way this long before a span is looked up whole; of the others this much is enough. */
const reachSeconds = 3600

interface Scope {
  readonly sources: ReadonlyArray<Statement.Fragment>
  /** Whose visits, and between which instants (lo, hi, bot, person), all of them inside `bounds`. */
  readonly people: Statement.Fragment
  readonly bounds: Span
  /** Signs from here on are not known. */
  readonly until?: Date | undefined
}

const later = (date: Date, seconds: number) => new Date(date.getTime() + seconds * 1000)

const seconds = (sql: Sql, n: number) => sql.literal(`interval '${n} seconds'`)

/**
 * CTEs that end in `visits`: those that end in spans of time, with their lengths and the marks of their last sign. The
 * same numbers as `visit_seconds` of the facts, but only what is near a span is read: of half an hour's people the
 * whole histories took 100 ms, this 10.
 */
export const visitsOf = (sql: Sql, { bounds, people, sources, until }: Scope): Statement.Fragment => {
  const known = until === undefined ? sql`` : sql`and e.occurred_at < ${instant(sql, until)}`
  const theirs = (column: "telegram_id" | "tg_id") =>
    column === "telegram_id"
      ? sql`e.telegram_id = t.person and not ${sql.literal(ofSession)} ${known}`
      : sql`e.telegram_id is null and e.tg_id = t.person and not ${sql.literal(ofSession)} ${known}`
  const signs = (near: boolean) =>
    sources.flatMap((one) =>
      (["telegram_id", "tg_id"] as const).map((column) =>
        near
          ? raw(
              sql,
              one,
              sql`${theirs(column)} and e.occurred_at >= t.lo - ${seconds(sql, reachSeconds)}
                and e.occurred_at <= t.hi + ${seconds(sql, visitGapSeconds)}
                and e.occurred_at >= ${instant(sql, later(bounds.from, -reachSeconds))}
                and e.occurred_at <= ${instant(sql, later(bounds.to, visitGapSeconds))}`
            )
          : raw(sql, one, sql`${theirs(column)} and e.occurred_at <= t.hi + ${seconds(sql, visitGapSeconds)}`)
      )
    )
  const found = (of: string, near: boolean) => sql`
    select t.lo, t.hi, t.bot, t.person, e.*, (case e.event_name when 'bot_start' then 3 when 'start' then 3
      when 'pix_created' then 4 when 'pix_paid' then 5 when 'payment_approved' then 5 else 0 end) as step
    from ${sql.literal(of)} t cross join lateral (${unionAll(sql, signs(near))} ${oneByOne(sql)}) e
      left join bots b on b.id = e.bot_id
    where coalesce(b.slug, e.bot_slug, e.bot_id::text, '') = t.bot`
  const inOrder = sql.literal(
    "partition by n.lo, n.bot, n.person order by n.occurred_at, n.step, coalesce(n.event_id, 'id:' || n.id)"
  )
  return sql`
    people (lo, hi, bot, person) as materialized (${people}),
    near (lo, hi, bot, person, ${rawColumns(sql)}, step) as materialized (${found("people", true)}),
    busy as materialized (
      select n.lo, n.hi, n.bot, n.person from near n group by 1, 2, 3, 4
      having min(n.occurred_at) < n.lo - ${seconds(sql, reachSeconds - visitGapSeconds)}),
    signs (lo, hi, bot, person, ${rawColumns(sql)}, step) as (
      select * from near n where not exists (
        select from busy w where w.lo = n.lo and w.bot = n.bot and w.person = n.person)
      union all
      ${found("busy", false)}),
    paused as (
      select n.*, lag(n.occurred_at) over (${inOrder}) as before_at, lead(n.occurred_at) over (${inOrder}) as next_at
      from signs n),
    begun as (
      select n.*, max(n.occurred_at) filter (where n.before_at is null or n.occurred_at - n.before_at > ${seconds(sql, visitGapSeconds)})
        over (${inOrder} rows unbounded preceding) as visit_at
      from paused n),
    visits as materialized (
      select e.bot, e.person, e.occurred_at as at, ${floored(sql, "e.occurred_at - e.visit_at")} as visit_seconds,
        ${sql.literal(utmNames.map((name) => `coalesce(e.${name}, s.${name}) as ${name}`).join(", "))}
      from begun e ${itsSession(sql)}
      where e.occurred_at >= e.lo and e.occurred_at < e.hi
        and (e.next_at is null or e.next_at - e.occurred_at > ${seconds(sql, visitGapSeconds)}))`
}

const byPerson = `not ${ofSession} and coalesce(e.telegram_id, e.tg_id) is not null`

/** Who gave a sign in the spans of a CTE `spans (lo, hi)` inside these bounds. */
export const peopleIn = (
  sql: Sql,
  sources: ReadonlyArray<Statement.Fragment>,
  bounds: Span,
  bot: string | undefined
): Statement.Fragment => sql`
  select distinct p.lo, p.hi, coalesce(b.slug, e.bot_slug, e.bot_id::text, '') as bot,
    coalesce(e.telegram_id, e.tg_id) as person
  from spans p cross join lateral (
    ${unionAll(
      sql,
      sources.map((one) => rawOfSpan(sql, one, bounds, sql`${sql.literal(byPerson)} and ${ofBot(sql, bot)}`))
    )} ${oneByOne(sql)}) e
    left join bots b on b.id = e.bot_id`

/** The same (bot, person), of the rows that a condition lets through. */
export const peopleWhere = (
  sql: Sql,
  sources: ReadonlyArray<Statement.Fragment>,
  where: Statement.Fragment
): Statement.Fragment => sql`
  select distinct coalesce(b.slug, e.bot_slug, e.bot_id::text, '') as bot, coalesce(e.telegram_id, e.tg_id) as person
  from (${unionAll(
    sql,
    sources.map((one) => raw(sql, one, sql`${sql.literal(byPerson)} and ${where}`))
  )}) e left join bots b on b.id = e.bot_id`

const rawColumns = (sql: Sql) =>
  sql.literal(
    `id, occurred_at, event_name, bot_id, bot_slug, event_id, session_id, telegram_id, tg_id, ${utmNames.join(", ")}`
  )
