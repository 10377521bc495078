import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { migrate } from "../../src/db/Migrations.ts"
import { ensurePartitions } from "../../src/db/Partitions.ts"
import { contentOf, loadFixture } from "../support/fixtures.ts"
import { TestDatabase } from "../support/postgres.ts"

/** Migrated, but with nothing besides the default partition. */
const unpartitioned = Layer.effectDiscard(migrate()).pipe(Layer.provideMerge(TestDatabase.layerEmpty))

const monthsFromNow = (months: number) => {
  const now = new Date()
  const date = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months, 1))
  return `funnel_events_${date.getUTCFullYear()}_${String(date.getUTCMonth() + 1).padStart(2, "0")}`
}

const events = contentOf(
  new Map([["funnel_events", ["id", "event_id", "event_name", "occurred_at", "meta", "source"]]])
)

const placeOf = Effect.fnUntraced(function* (eventId: string) {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ place: string }>`
    select tableoid::regclass::text as place from funnel_events where event_id = ${eventId}`
  return rows.map((row) => row.place)
})

const insert = Effect.fnUntraced(function* (eventId: string, occurredAt: string) {
  const sql = yield* SqlClient.SqlClient
  return yield* sql`
    insert into funnel_events (event_id, event_name, occurred_at, meta, source)
    values (${eventId}, 'bot_start', ${occurredAt}::timestamptz, '{"a": 1}', 'bot')
    on conflict do nothing returning id`
})

describe("the partitions of funnel_events", () => {
  it.live("exist for this UTC month and the next three, each with a unique event_id and the parent's indexes", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const expected = [0, 1, 2, 3].map(monthsFromNow)
      assert.deepStrictEqual(yield* ensurePartitions(), expected)
      assert.deepStrictEqual(yield* ensurePartitions(), [])
      assert.deepStrictEqual(yield* ensurePartitions(4), [monthsFromNow(4)])
      for (const partition of expected) {
        const month = partition.slice("funnel_events_".length)
        const indexes = yield* sql<{ definition: string }>`
          select indexdef as definition from pg_indexes where tablename = ${partition}`
        const definitions = indexes.map((row) => row.definition).join("\n")
        assert.include(
          definitions,
          `CREATE UNIQUE INDEX ux_fe_event_id_${month} ON public.${partition} USING btree (event_id)`
        )
        for (const columns of ["(bot_id, event_name, occurred_at)", "(occurred_at)", "(session_id)", "(telegram_id)"]) {
          assert.include(definitions, columns)
        }
      }
      assert.strictEqual((yield* insert("today", "now")).length, 1)
      assert.strictEqual((yield* insert("today", "now")).length, 0)
      assert.deepStrictEqual(yield* placeOf("today"), [expected[0]])
    }).pipe(Effect.provide(unpartitioned))
  )

  it.live("take over what the default partition holds of this month, the past and the future, and lose nothing", () =>
    Effect.gen(function* () {
      yield* insert("past-first", "2024-02-01 00:00:00+00")
      yield* insert("past-last", "2024-02-29 23:59:59.999999+00")
      yield* insert("next-month", "2024-03-01 00:00:00+00")
      yield* insert("now", "now")
      yield* insert("mad-clock", "1970-01-01 00:00:00+00")
      const before = yield* events
      const made = yield* ensurePartitions(0)
      assert.deepStrictEqual(made, ["funnel_events_2024_02", "funnel_events_2024_03", monthsFromNow(0)])
      assert.deepStrictEqual(yield* events, before)
      assert.deepStrictEqual(yield* placeOf("past-first"), ["funnel_events_2024_02"])
      assert.deepStrictEqual(yield* placeOf("past-last"), ["funnel_events_2024_02"])
      assert.deepStrictEqual(yield* placeOf("next-month"), ["funnel_events_2024_03"])
      assert.deepStrictEqual(yield* placeOf("now"), [monthsFromNow(0)])
      assert.deepStrictEqual(yield* placeOf("mad-clock"), ["funnel_events_default"])
      assert.strictEqual((yield* insert("past-last", "2024-02-10 00:00:00+00")).length, 0)
    }).pipe(Effect.provide(unpartitioned))
  )

  it.live("leave a month where it is when its rows repeat an event_id, and do the others", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`drop index ux_fe_event_id_default`
      yield* insert("twice", "2024-02-01 00:00:00+00")
      yield* insert("twice", "2024-02-02 00:00:00+00")
      yield* insert("once", "2024-03-02 00:00:00+00")
      yield* sql`insert into funnel_events (event_id, event_name, occurred_at) values ('across', 'x', '2024-04-01'), ('across', 'x', '2024-05-01')`
      const before = yield* events
      const made = yield* ensurePartitions(0)
      assert.deepStrictEqual(
        made,
        ["2024_03", "2024_04", "2024_05"].map((month) => `funnel_events_${month}`).concat(monthsFromNow(0))
      )
      assert.deepStrictEqual(yield* events, before)
      assert.deepStrictEqual(yield* placeOf("twice"), ["funnel_events_default", "funnel_events_default"])
      assert.deepStrictEqual(yield* ensurePartitions(0), [])
    }).pipe(Effect.provide(unpartitioned))
  )

  it.live("are made once by four nodes at the same time, while events keep arriving", () =>
    Effect.gen(function* () {
      yield* insert("old", "2024-02-01 00:00:00+00")
      const arriving = Effect.forEach(
        Array.from({ length: 200 }, (_, i) => i),
        (i) => insert(`live-${i}`, i % 2 === 0 ? "now" : "2024-02-03 00:00:00+00"),
        { concurrency: 4 }
      )
      const nodes = Effect.all([ensurePartitions(), ensurePartitions(), ensurePartitions(), ensurePartitions()], {
        concurrency: 4
      })
      const [made, stored] = yield* Effect.all([nodes, arriving], { concurrency: 2 })
      assert.deepStrictEqual(
        made.flat().toSorted(),
        ["funnel_events_2024_02", ...[0, 1, 2, 3].map(monthsFromNow)].toSorted()
      )
      assert.isTrue(stored.every((rows) => rows.length === 1))
      assert.strictEqual((yield* events)["funnel_events"]?.length, 201)
    }).pipe(Effect.provide(unpartitioned))
  )

  it.live("wait for a transaction that reads the events and then writes one, without a deadlock", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const waiting = sql<{ n: number }>`
        select count(*) as n from pg_locks where not granted and mode = 'AccessExclusiveLock'
          and relation = 'funnel_events'::regclass`
      const reading = yield* Deferred.make<void>()
      const transaction = sql.withTransaction(
        Effect.gen(function* () {
          yield* sql`select count(*) from funnel_events`
          yield* Deferred.succeed(reading, undefined)
          // PostgreSQL tells nobody that somebody waits for a lock.
          yield* Effect.repeat(Effect.andThen(Effect.sleep(5), waiting), { until: ([row]) => row?.n === 1 })
          yield* insert("meanwhile", "now")
        })
      )
      const node = Effect.andThen(Deferred.await(reading), ensurePartitions(0))
      const [made] = yield* Effect.all([node, transaction], { concurrency: 2 })
      assert.deepStrictEqual(made, [monthsFromNow(0)])
      assert.deepStrictEqual(yield* placeOf("meanwhile"), [monthsFromNow(0)])
    }).pipe(Effect.provide(unpartitioned))
  )

  it.live("work where the columns stand in another order in the default partition", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* Effect.forEach(
        [
          "drop table funnel_events_default",
          `create table funnel_events_default (source text, id bigint not null, occurred_at timestamptz not null default now(), event_name text not null,
            created_at timestamptz not null default now(), event_id text not null, meta jsonb, price_cents integer, payload_id text,
            transaction_id text, tg_id bigint, bot_slug text, bot_id bigint, bot_user_id bigint, telegram_id bigint,
            session_id text, payment_id bigint, utm_source text, utm_medium text, utm_campaign text, utm_content text,
            utm_term text, fbp text, fbc text)`,
          "alter table funnel_events attach partition funnel_events_default default"
        ],
        (statement) => sql.unsafe(statement)
      )
      yield* insert("old", "2024-02-01 00:00:00+00")
      const before = yield* events
      assert.include(yield* ensurePartitions(0), "funnel_events_2024_02")
      assert.deepStrictEqual(yield* events, before)
    }).pipe(Effect.provide(unpartitioned))
  )

  it.live("of production keep their rows, and a table that has a month's name but is no partition stays alone", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* loadFixture("v2.sql")
      yield* loadFixture("v3.sql")
      yield* migrate()
      yield* sql`create table funnel_events_2026_03 (note text)`
      yield* sql`insert into funnel_events_2026_03 values ('mine')`
      const before = yield* events
      const made = yield* ensurePartitions(0)
      assert.deepStrictEqual(made, ["funnel_events_2026_01", "funnel_events_2026_02", monthsFromNow(0)])
      assert.deepStrictEqual(yield* events, before)
      assert.deepStrictEqual(yield* placeOf("st:plain_bot:7005:20260101"), ["funnel_events_2026_01"])
      assert.deepStrictEqual(yield* placeOf("px:tx-2026"), ["funnel_events_2026_01"])
      assert.deepStrictEqual(yield* placeOf("st:plain_bot:7006:20260301"), ["funnel_events_default"])
      assert.deepStrictEqual(yield* sql`select note from funnel_events_2026_03`, [{ note: "mine" }])
    }).pipe(Effect.provide(TestDatabase.layerEmpty))
  )
})
