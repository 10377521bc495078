import { Effect } from "effect"
import type { SqlClient, Statement } from "effect/sql"
import { eventNameOf, eventSources, spellingsOf } from "../eventSources.ts"
import { statusOf } from "../payments/row.ts"
import { funnelSteps, type MetricsFilter, noUtm, sessionSteps, type UtmName, utmNames } from "./filter.ts"

type Sql = SqlClient.SqlClient

/** A pause longer than this between /start and PIX is another visit. */
const visitDays = 7

const instant = (sql: Sql, date: Date) => sql`${date.toISOString()}::timestamptz`

/** The group's key of a row `x` with `at`, `bot` and the five marks; hours as instants, to be written out later. */
const keyOf = (sql: Sql, { group, tz }: MetricsFilter): Statement.Fragment => {
  if (group === undefined) return sql`null::text`
  if (group === "day") return sql`(x.at at time zone ${tz}::text)::date::text`
  if (group === "hour") {
    const hour = sql`date_trunc('hour', x.at, ${tz}::text) at time zone 'UTC'`
    return sql`to_char(${hour}, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`
  }
  return group === "bot" ? sql`coalesce(x.bot, ${noUtm})` : sql`coalesce(${sql.literal(`x.${group}`)}, ${noUtm})`
}

const utmConditions = (sql: Sql, { utm }: MetricsFilter, columnOf: (name: UtmName) => Statement.Fragment) =>
  utmNames.flatMap((name) => {
    const wanted = utm[name]
    if (wanted === undefined) return []
    return [wanted === noUtm ? sql`${columnOf(name)} is null` : sql`${columnOf(name)} = ${wanted}`]
  })

interface Scope {
  readonly from: Date
  readonly names?: ReadonlyArray<string>
}

/**
 * The events of the filter as rows (at, name, bot, telegram_id, unit and marks). Marks of an event that carries none
 * are those of its session.
 */
const events = Effect.fnUntraced(function* (sql: Sql, filter: MetricsFilter, scope: Scope) {
  const sources = yield* eventSources(sql)
  const mark = (name: UtmName) => sql.literal(`coalesce(e.${name}, s.${name})`)
  const marks = utmNames.map((name) => sql`${mark(name)} as ${sql.literal(name)}`)
  const conditions = [
    sql`e.occurred_at >= ${instant(sql, scope.from)} and e.occurred_at < ${instant(sql, filter.to)}`,
    ...(scope.names === undefined ? [] : [sql.in("e.event_name", spellingsOf(scope.names))]),
    ...(filter.bot === undefined
      ? []
      : [
          sql`(e.bot_id = (select f.id from bots f where f.slug = ${filter.bot})
            or (e.bot_id is null and e.bot_slug = ${filter.bot}))`
        ]),
    ...utmConditions(sql, filter, mark)
  ]
  return sources
    .map(
      (source) => sql`
        select e.occurred_at as at, ${eventNameOf(sql)} as name, coalesce(b.slug, e.bot_slug, e.bot_id::text) as bot,
          coalesce(e.telegram_id, e.tg_id) as telegram_id, e.session_id, coalesce(e.event_id, 'id:' || e.id) as event_id,
          ${marks.reduce((all, one) => sql`${all}, ${one}`)}
        from (${source}) e
          left join bots b on b.id = e.bot_id
          left join tracking_sessions s on s.id = e.session_id
        where ${sql.and(conditions)}`
    )
    .reduce((all, one) => sql`${all} union all ${one}`)
})

/** Per step: how many events, and how many sessions or people; whoever is neither counts for one. */
export const steps = Effect.fnUntraced(function* (sql: Sql, filter: MetricsFilter) {
  const rows = yield* events(sql, filter, { from: filter.from, names: funnelSteps })
  const counted = sql`
    select x.name, ${keyOf(sql, filter)} as key,
      coalesce(case when ${sql.in("x.name", sessionSteps)} then 's:' || x.session_id
        else x.bot || ':' || x.telegram_id end, 'e:' || x.event_id) as unit
    from (${rows}) x`
  const figures = sql`k.name, count(*) as events, count(distinct k.unit) as people from (${counted}) k`
  return yield* filter.group === undefined
    ? sql`select null::text as key, ${figures} group by k.name`
    : sql`select ${totalOrKey(sql)}, ${figures} group by grouping sets ((k.name), (k.name, k.key))`
})

/** A group's key is never null, so null is free to mean the whole. */
const totalOrKey = (sql: Sql) => sql`case when grouping(k.key) = 0 then k.key end as key`

/**
 * Payments as rows (at, bot, person, marks, value, seconds until paid) at the moment they were paid or given back.
 * The older systems left no such moment; there it is the last change of the row.
 */
const payments = (sql: Sql, filter: MetricsFilter, moment: "paid" | "refunded") => {
  const column = sql.literal(moment === "paid" ? "p.paid_at" : "p.refunded_at")
  const at = sql`coalesce(${column}, case when p.bot_slug is null then p.updated_at end)`
  const words = moment === "paid" ? ["paid", "refunded", "charged_back"] : ["refunded", "charged_back"]
  const mark = (name: UtmName) => sql.literal(`p.tracking->>'${name}'`)
  const marks = utmNames.map((name) => sql`${mark(name)} as ${sql.literal(name)}`)
  const conditions = [
    sql`${at} >= ${instant(sql, filter.from)} and ${at} < ${instant(sql, filter.to)}`,
    sql`${statusOf(sql)} in (${sql.csv(words.map((word) => sql`${word}`))})`,
    ...(filter.bot === undefined ? [] : [sql`coalesce(p.bot_slug, b.slug) = ${filter.bot}`]),
    ...utmConditions(sql, filter, mark)
  ]
  return sql`
    select p.id, ${at} as at, coalesce(b.slug, p.bot_slug) as bot, coalesce(p.telegram_id, u.telegram_id) as telegram_id,
      coalesce(p.value_cents, p.amount_cents, 0) as value_cents,
      greatest(0, floor(extract(epoch from ${at} - p.created_at)))::int as seconds,
      ${marks.reduce((all, one) => sql`${all}, ${one}`)}
    from payments p
      left join bots b on b.id = p.bot_id
      left join bot_users u on u.id = p.bot_user_id
    where ${sql.and(conditions)}`
}

export const money = (sql: Sql, filter: MetricsFilter) => {
  const moved = sql`
    select ${keyOf(sql, filter)} as key, x.value_cents as paid, 0 as refunded, 1 as n
      from (${payments(sql, filter, "paid")}) x
    union all
    select ${keyOf(sql, filter)}, 0, x.value_cents, 0 from (${payments(sql, filter, "refunded")}) x`
  const figures = sql`
    coalesce(sum(k.paid), 0)::bigint as "revenueCents", coalesce(sum(k.n), 0)::bigint as payments,
    coalesce(sum(k.refunded), 0)::bigint as "refundedCents" from (${moved}) k`
  return filter.group === undefined
    ? sql`select null::text as key, ${figures}`
    : sql`select ${totalOrKey(sql)}, ${figures} group by grouping sets ((), (k.key))`
}

const percentiles = (sql: Sql, seconds: Statement.Fragment) => sql`
  select q.count, q.p[1] as p50, q.p[2] as p90, q.p[3] as p95 from (
    select count(*) as count, percentile_disc(array[0.5, 0.9, 0.95]) within group (order by t.seconds) as p
    from (${seconds}) t) q`

/** From a person's last /start before their first PIX of the period, at most a visit earlier. */
export const timeToPix = Effect.fnUntraced(function* (sql: Sql, filter: MetricsFilter) {
  const pix = yield* events(sql, filter, { from: filter.from, names: ["pix_created"] })
  const since = new Date(filter.from.getTime() - visitDays * 86_400_000)
  const starts = yield* events(sql, { ...filter, utm: {} }, { from: since, names: ["bot_start"] })
  return yield* percentiles(
    sql,
    sql`
      select floor(extract(epoch from f.at - max(s.at)))::int as seconds
      from (
        select x.bot, x.telegram_id, min(x.at) as at from (${pix}) x where x.telegram_id is not null group by 1, 2) f
        join (${starts}) s on s.bot = f.bot and s.telegram_id = f.telegram_id and s.at <= f.at
          and s.at >= f.at - make_interval(days => ${visitDays})
      group by f.bot, f.telegram_id, f.at`
  )
})

/** From a charge to its payment, of each person's first payment in the period. */
export const timeToPay = (sql: Sql, filter: MetricsFilter) =>
  percentiles(
    sql,
    sql`
      select distinct on (coalesce(x.bot || ':' || x.telegram_id, 'p:' || x.id)) x.seconds
      from (${payments(sql, filter, "paid")}) x
      order by coalesce(x.bot || ':' || x.telegram_id, 'p:' || x.id), x.at, x.id`
  )

/** From a person's first to their last event with the bot in the period. */
export const timeInBot = Effect.fnUntraced(function* (sql: Sql, filter: MetricsFilter) {
  const rows = yield* events(sql, filter, { from: filter.from })
  return yield* percentiles(
    sql,
    sql`
      select floor(extract(epoch from max(x.at) - min(x.at)))::int as seconds
      from (${rows}) x
      where x.telegram_id is not null and not ${sql.in("x.name", sessionSteps)}
      group by x.bot, x.telegram_id`
  )
})
