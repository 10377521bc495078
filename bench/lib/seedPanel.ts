import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { botCount, seedFunnel } from "./seedFunnel.ts"

/** What the big bot's shots and downsells have behind them. */
const shotCount = 40
const peoplePerShot = 6_000
const downsellCount = 5
const peoplePerDownsell = 50_000
const updates = 80_000

/** In one transaction of one connection, as fast as rows get in. */
const quickly = <A, E, R>(sql: SqlClient.SqlClient, work: Effect.Effect<A, E, R>) =>
  sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`set local statement_timeout = 0`
      yield* sql`set local session_replication_role = replica`
      yield* sql`set local synchronous_commit = off`
      yield* sql`set local work_mem = '128MB'`
      return yield* work
    })
  )

// The same person is of the same bot as in `seedFunnel`; most are of the first.
const botOf = (person: string) => `1 + floor(${botCount} * power((hashint4(${person}) & 1023) / 1024.0, 2))::int`

const seedPeople = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, people: number) {
  yield* sql`
    insert into bot_users (bot_id, telegram_id, name, first_name, username, language_code, first_seen_at, last_seen_at,
      first_start_at, last_start_at, has_paid, blocked, opted_out)
    select ${sql.literal(botOf("n"))}, 7000000000 + n, 'Ana Souza ' || n, 'Ana', 'ana_' || n, 'pt-br', at,
      at + interval '3 minutes', at, at, n % 13 = 0, n % 17 = 0, n % 97 = 0
    from generate_series(1, ${people}::int) n,
      lateral (select now() - make_interval(secs => 31536000 * (1 - n::float8 / ${people}::int)) as at) t`
})

/** Three in ten of them asked for a PIX, half of those paid; each sale was told by the gateway and told to Meta. */
const seedSales = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, people: number) {
  const payments = Math.round(people * 0.3)
  yield* sql`
    insert into payments (transaction_id, provider, gateway, gateway_charge_id, status, value_cents, fee_cents, net_cents,
      plan_name, bot_id, bot_slug, telegram_id, source, created_at, updated_at, paid_at)
    select 'painel' || n, 'pushinpay', 'pushinpay', 'cobranca-' || n, case when n % 2 = 0 then 'paid' else 'expired' end,
      1990, 30, 1960, 'Mensal', bot, 'bot' || bot, 7000000000 + person,
      case when n % 20 = 0 then 's' || 1 + n % ${shotCount} when n % 20 = 10 then 'd' || 1 + n % ${downsellCount} end,
      at, at, case when n % 2 = 0 then at + interval '2 minutes' end
    from generate_series(1, ${payments}::int) n,
      lateral (select ${people}::int - n * 3 as person) w,
      lateral (select ${sql.literal(botOf("person"))} as bot,
        now() - make_interval(secs => 31536000 * (n::float8 / ${payments}::int)) as at) t`
  yield* sql`
    insert into gateway_events (provider, provider_event_id, dedupe_key, payload, state, payment_id, received_at, occurred_at)
    select 'pushinpay', 'evento' || p.id, 'evento' || p.id, '{"events":[{"rawStatus":"paid"}]}', 'done', p.id, p.paid_at,
      p.paid_at
    from payments p where p.paid_at is not null and p.id % 3 = 0`
  yield* sql`
    insert into outbox (topic, payload, destination, event_name, bot_id, payment_id, telegram_id, status, attempt_count,
      last_error, processed_at, created_at)
    select 'report', '{}', 'facebook', 'pix_paid', p.bot_id, p.id, p.telegram_id,
      case when p.id % 500 = 0 then 'failed' else 'sent' end, 1,
      case when p.id % 500 = 0 then 'a Meta recusou: token vencido' end, p.paid_at, p.paid_at
    from payments p where p.paid_at is not null`
})

const seedBulk = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
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
    select n, 1, 'bot1', 'Oferta ' || n, '{"text":"Ainda dá tempo, {nome}"}', n * 600,
      case when n % 2 = 0 then 'start' else 'pix' end
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
      case when n % 2000 = 0 then 'o banco de dados demorou demais' end,
      now() - make_interval(secs => 172800.0 * n / ${updates}::int), now()
    from generate_series(1, ${updates}::int) n`
  for (const table of ["bots", "shots", "bot_downsells"]) {
    yield* sql`select setval(pg_get_serial_sequence(${table}, 'id'), 1000)`
  }
})

/**
 * A seller's database for the panel: so many people of twenty bots, what they bought, the events of a part of them, and
 * what the biggest bot (number 1) sent and got.
 */
export const seedPanel = (sql: SqlClient.SqlClient, people: number) =>
  Effect.all(
    [
      quickly(sql, seedPeople(sql, people)),
      Effect.andThen(
        quickly(sql, seedSales(sql, people)),
        // It sets and resets the settings of its session by itself.
        quickly(sql, Effect.andThen(seedBulk(sql), seedFunnel(sql, Math.round(people * 0.4))))
      )
    ],
    { concurrency: 2, discard: true }
  )
