import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { botCount, seedFunnel } from "./seedFunnel.ts"

/** What the big bot's shots and downsells have behind them. */
const shotCount = 40
const peoplePerShot = 15_000
const downsellCount = 5
const peoplePerDownsell = 60_000

/**
 * A seller's database for the panel: so many people of twenty bots, of whom a third asked for a PIX, with the events of
 * the newest of them; finished shots and downsells of the biggest bot (number 1), deliveries, gateway events, updates.
 */
export const seedPanel = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, people: number) {
  const payments = Math.round(people * 0.3)
  yield* seedFunnel(sql, Math.round(people * 0.6))
  yield* sql`set session_replication_role = replica`
  yield* sql`set synchronous_commit = off`
  yield* sql`set work_mem = '128MB'`
  yield* sql`
    insert into bot_users (bot_id, telegram_id, name, first_name, username, language_code, first_seen_at, last_seen_at,
      first_start_at, last_start_at, has_paid, blocked, opted_out)
    select 1 + floor(${botCount} * power((hashint4(n) & 1023) / 1024.0, 2))::int, 7000000000 + n, 'Ana Souza ' || n, 'Ana',
      'ana_' || n, 'pt-br', at, at + interval '3 minutes', at, at, n % 13 = 0, n % 17 = 0, n % 97 = 0
    from generate_series(1, ${people}::int) n,
      lateral (select now() - make_interval(secs => 31536000 * (1 - n::float8 / ${people}::int)) as at) t`
  yield* sql`
    insert into payments (transaction_id, provider, gateway, gateway_charge_id, status, value_cents, fee_cents, net_cents,
      plan_name, bot_id, bot_slug, telegram_id, source, created_at, updated_at, paid_at)
    select 'painel' || n, 'pushinpay', 'pushinpay', 'cobranca-' || n, case when n % 2 = 0 then 'paid' else 'expired' end,
      1990, 30, 1960, 'Mensal', bot, 'bot' || bot, 7000000000 + person,
      case when n % 20 = 0 then 's' || 1 + n % ${shotCount} when n % 20 = 1 then 'd' || 1 + n % ${downsellCount} end,
      at, at, case when n % 2 = 0 then at + interval '2 minutes' end
    from generate_series(1, ${payments}::int) n,
      lateral (select ${people}::int - n * 3 as person) w,
      lateral (select 1 + floor(${botCount} * power((hashint4(person) & 1023) / 1024.0, 2))::int as bot,
        now() - make_interval(secs => 31536000 * (n::float8 / ${payments}::int)) as at) t`
  yield* sql`
    insert into gateway_events (provider, provider_event_id, dedupe_key, payload, state, payment_id, received_at, occurred_at)
    select 'pushinpay', 'evento' || p.id, 'evento' || p.id, '{"events":[{"rawStatus":"paid"}]}', 'done', p.id, p.paid_at, p.paid_at
    from payments p where p.paid_at is not null`
  yield* sql`
    insert into outbox (topic, payload, destination, event_name, bot_id, payment_id, telegram_id, status, attempt_count,
      last_error, processed_at, created_at)
    select 'report', '{}', (array['telegram', 'facebook', 'utmify'])[1 + k], 'pix_paid', p.bot_id, p.id, p.telegram_id,
      case when p.id % 500 = 0 then 'failed' else 'sent' end, 1,
      case when p.id % 500 = 0 then 'a Meta recusou: token vencido' end, p.paid_at, p.paid_at
    from payments p, generate_series(0, 2) k where p.paid_at is not null`
  yield* sql`
    insert into shots (id, slug, bot_slug, bot_id, title, content, status, trigger, filters, frozen_at, started_at,
      completed_at, created_at, total_targets)
    select n, 'bot1', 'bot1', 1, 'Disparo ' || n, '{"text":"Novidade, {nome}"}', 'done', 'manual', '{"audience":"all"}', at, at,
      at + interval '9 minutes', at, ${peoplePerShot}
    from generate_series(1, ${shotCount}::int) n, lateral (select now() - make_interval(days => n) as at) t`
  yield* sql`
    insert into shots_queue (shot_id, bot_id, bot_slug, slug, tg_id, telegram_id, status, settled_at, sent_at)
    select s.id, 1, 'bot1', 'bot1', (7000000000 + n)::text, 7000000000 + n,
      (array['sent', 'sent', 'sent', 'blocked', 'skipped'])[1 + n % 5], s.completed_at, s.completed_at
    from shots s, generate_series(1, ${peoplePerShot}::int) n`
  yield* sql`
    insert into bot_downsells (id, bot_id, slug, name, content, delay_seconds, trigger_type)
    select n, 1, 'bot1', 'Oferta ' || n, '{"text":"Ainda dá tempo, {nome}"}', n * 600, case when n % 2 = 0 then 'start' else 'pix' end
    from generate_series(1, ${downsellCount}::int) n`
  yield* sql`
    insert into downsells_queue (downsell_id, bot_id, bot_slug, slug, tg_id, telegram_id, trigger, schedule_at, scheduled_at,
      status, outcome, sent_at)
    select d.id, 1, 'bot1', 'bot1', (7000000000 + n)::text, 7000000000 + n, d.trigger_type, now(), now(),
      case when n % 5 = 0 then 'canceled' when n % 7 = 0 then 'failed' else 'sent' end,
      case when n % 5 <> 0 and n % 7 = 0 then 'blocked' end, now()
    from bot_downsells d, generate_series(1, ${peoplePerDownsell}::int) n`
  yield* sql`
    insert into telegram_updates (bot_id, update_id, person_id, kind, payload, state, attempts, error, received_at, done_at)
    select 1, n, 7000000000 + n, 'start', '{}', case when n % 2000 = 0 then 2 else 1 end, 1,
      case when n % 2000 = 0 then 'o banco de dados demorou demais' end, now() - make_interval(secs => 172800 - n), now()
    from generate_series(1, 170000) n`
  for (const table of ["bots", "shots", "bot_downsells"]) {
    yield* sql`select setval(pg_get_serial_sequence(${table}, 'id'), 1000)`
  }
  yield* sql`set session_replication_role = default`
  yield* sql`set synchronous_commit = on`
})
