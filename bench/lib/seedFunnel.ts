import { Effect } from "effect"
import type { SqlClient } from "effect/sql"

export const botCount = 20
const days = 365

/**
 * A year of a busy seller, generated in SQL: twenty bots of unlike sizes, campaigns that change monthly, nights, people
 * who come back by another ad, organic starts, repeated taps, payments. About 2.9 events per visit.
 */
export const seedFunnel = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, events: number) {
  const visits = Math.round(events / 2.87)
  yield* sql`set session_replication_role = replica`
  yield* sql`set synchronous_commit = off`
  yield* sql`set work_mem = '128MB'`
  yield* sql`
    insert into bots (id, slug, name, active)
    select n, 'bot' || n, 'Bot ' || n, false from generate_series(1, ${botCount}::int) n on conflict do nothing`
  for (let back = 13; back >= 1; back--) yield* makeMonth(sql, back)
  yield* sql`
    create unlogged table bench_visits as
    with drawn as (
      select n, random() as fate, random() as again, random() as near, random() as hour, random() as pick,
        random() as place, random() as slow, random() as late
      from generate_series(1, ${visits}::int) n
    ), people as (
      select *, case when again < 0.1 then greatest(1, floor(n * (0.9 + 0.1 * near)))::int else n end as person from drawn
    ), placed as (
      select *, 1 + floor(${botCount} * power((hashint4(person) & 1023) / 1024.0, 2))::int as bot_id,
        date_trunc('day', now(), 'America/Sao_Paulo') - make_interval(days => ${days} - 1)
          + make_interval(days => (n::bigint * ${days} / (${visits} + 1))::int,
            secs => floor(86400 * power(hour, 0.6))) as view_at
      from people)
    select n, fate, person, bot_id, view_at, 'sessao' || lpad(n::text, 16, '0') as session_id,
      7000000000 + person as telegram_id,
      view_at + make_interval(secs => 2 - 25 * ln(1 - near * 0.999)) as click_at,
      view_at + make_interval(secs => 9 - 45 * ln(1 - near * 0.999)) as start_at,
      view_at + make_interval(secs => 20 - 45 * ln(1 - near * 0.999) - 160 * ln(1 - slow * 0.999)) as pix_at,
      view_at + make_interval(secs => 40 - 45 * ln(1 - near * 0.999) - 160 * ln(1 - slow * 0.999) - 300 * ln(1 - late * 0.999))
        as paid_at,
      (array['FB', 'FB', 'FB', 'ig', 'tiktok'])[1 + (bot_id + floor(pick * 3)::int) % 5] as utm_source,
      'conjunto ' || floor(pick * 6) || '|' || bot_id * 1000 + floor(pick * 6) as utm_medium,
      'campanha ' || to_char(view_at, 'YYMM') || ' ' || floor(pick * 3) || '|' || bot_id * 100 + floor(pick * 3) as utm_campaign,
      'anuncio ' || floor(pick * 12) || '|' || bot_id * 10000 + floor(pick * 12) as utm_content,
      (array['Instagram_Feed', 'Instagram_Stories', 'Facebook_Mobile_Feed', 'Instagram_Reels'])[1 + floor(place * place * 4)::int]
        as utm_term
    from placed where view_at < now()`
  const marks = sql.literal("utm_source, utm_medium, utm_campaign, utm_content, utm_term")
  yield* sql`
    insert into tracking_sessions (id, bot_id, first_seen_at, last_seen_at, created_at, updated_at, ${marks})
    select session_id, bot_id, view_at, view_at, view_at, view_at, ${marks} from bench_visits where fate < 0.97`
  const kinds: ReadonlyArray<readonly [name: string, at: string, where: string]> = [
    ["presell_view", "view_at", "fate < 0.97"],
    ["to_bot_click", "click_at", "fate < 0.58"],
    ["bot_start", "start_at", "fate < 0.48 or fate >= 0.97"],
    ["bot_interaction", "start_at + interval '12 seconds'", "fate < 0.4"],
    ["bot_interaction", "start_at + interval '40 minutes'", "fate < 0.2"],
    ["pix_created", "pix_at", "fate < 0.16"],
    ["pix_paid", "paid_at", "fate < 0.075"]
  ]
  for (const [i, [name, at, where]] of kinds.entries()) {
    const bot = name !== "presell_view" && name !== "to_bot_click"
    yield* sql`
      insert into funnel_events (event_id, event_name, occurred_at, created_at, bot_id, bot_slug, telegram_id, tg_id, session_id,
        source, ${marks})
      select ${`${i}:`}::text || n, ${name}::text, ${sql.literal(at)}, ${sql.literal(at)}, bot_id, 'bot' || bot_id,
        ${bot ? sql`telegram_id, telegram_id` : sql`null, null`}, case when fate < 0.97 then session_id end, 'bot',
        ${sql.literal(marksOr("fate < 0.97"))}
      from bench_visits where ${sql.literal(where)} and ${sql.literal(at)} < now()`
  }
  yield* sql`
    insert into payments (transaction_id, provider, gateway, status, value_cents, bot_id, bot_slug, telegram_id, tracking,
      created_at, updated_at, paid_at, refunded_at)
    select 'bench' || n, 'pushinpay', 'pushinpay',
      case when fate < 0.002 then 'refunded' when fate < 0.075 and paid_at < now() then 'paid' else 'expired' end,
      990 + 500 * (n % 5), bot_id, 'bot' || bot_id, telegram_id,
      jsonb_build_object('utm_source', utm_source, 'utm_medium', utm_medium, 'utm_campaign', utm_campaign,
        'utm_content', utm_content, 'utm_term', utm_term),
      pix_at, pix_at, case when fate < 0.075 then paid_at end, case when fate < 0.002 then paid_at + interval '2 days' end
    from bench_visits where fate < 0.16 and paid_at < now()`
  yield* sql`drop table bench_visits`
  yield* sql`set session_replication_role = default`
  yield* sql`set synchronous_commit = on`
  const [counted] = yield* sql<{ readonly n: number }>`select count(*) as n from funnel_events`
  return counted?.n ?? 0
})

const marksOr = (where: string) =>
  ["source", "medium", "campaign", "content", "term"]
    .map((name) => `case when ${where} then utm_${name} end`)
    .join(", ")

/** As the service would have made it when that month was still ahead. */
const makeMonth = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, back: number) {
  const [month] = yield* sql<{ readonly name: string; readonly lo: string; readonly hi: string }>`
    select to_char(m, 'YYYY_MM') as name, to_char(m, 'YYYY-MM-DD') || ' 00:00:00+00' as lo,
      to_char(m + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00' as hi
    from (select date_trunc('month', now() at time zone 'UTC') - make_interval(months => ${back}) as m) x`
  if (month === undefined) return
  yield* sql.unsafe(
    `create table if not exists funnel_events_${month.name} partition of funnel_events for values from ('${month.lo}') to ('${month.hi}')`
  )
  yield* sql.unsafe(
    `create unique index if not exists ux_fe_event_id_${month.name} on funnel_events_${month.name} (event_id)`
  )
})
