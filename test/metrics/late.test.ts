import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { detachOldPartitions, ensurePartitions } from "../../src/db/Partitions.ts"
import { Metrics } from "../../src/metrics/Metrics.ts"
import { MetricsRepo } from "../../src/repo/MetricsRepo.ts"
import { eventOf } from "../../src/repo/payments/event.ts"
import { RollupsRepo } from "../../src/repo/RollupsRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const Database = Metrics.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(MetricsRepo.layer, RollupsRepo.layer)),
  Layer.provideMerge(TestDatabase.layer)
)

const year = {
  from: new Date("2024-01-01T03:00:00Z"),
  to: new Date("2025-01-01T03:00:00Z"),
  tz: "America/Sao_Paulo",
  utm: {}
}

const startsOf = Effect.fnUntraced(function* () {
  const { funnel } = yield* (yield* Metrics).funnel(year)
  const starts = funnel.find(({ event }) => event === "bot_start")
  return [starts?.events, starts?.unique]
})

const notes = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ n: number }>`select count(*) as n from metrics_late`
  return row?.n
})

layer(Database, { excludeTestServices: true, timeout: "60 seconds" })("What comes late", (it) => {
  it.effect("is counted at the next look: inserted, changed and deleted rows; what is fresh leaves no note", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* startsOf(), [0, 0])
      yield* sql`
        insert into funnel_events (event_id, event_name, occurred_at, bot_slug, telegram_id) values
          ('a', 'bot_start', '2024-02-29 23:59:59.999999+00', 'x', 1), ('b', 'bot_start', '2024-05-01', 'x', 1),
          ('c', 'bot_start', '2024-12-31', 'y', 1)`
      assert.strictEqual(yield* notes, 3)
      assert.deepStrictEqual(yield* startsOf(), [3, 2])
      assert.strictEqual(yield* notes, 0)
      yield* sql`update funnel_events set occurred_at = '2023-05-01' where event_id = 'a'`
      assert.deepStrictEqual(yield* startsOf(), [2, 2])
      yield* sql`delete from funnel_events where event_id = 'c'`
      assert.deepStrictEqual(yield* startsOf(), [1, 1])
      yield* sql`insert into funnel_events (event_id, event_name, occurred_at) values ('d', 'bot_start', now())`
      assert.strictEqual(yield* notes, 0)
      yield* sql`
        insert into funnel_events (event_id, event_name, occurred_at, bot_slug, telegram_id) values
          ('f', 'bot_session_end', '2024-05-02', 'x', 1), ('g', 'pix_refunded', '2024-05-02', 'x', 1)`
      yield* sql`delete from funnel_events where event_id in ('f', 'g')`
      assert.strictEqual(yield* notes, 0, "no number uses these")
    })
  )

  it.effect("a crowd of the last minutes is counted at once", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`
        insert into funnel_events (event_id, event_name, occurred_at, bot_slug, telegram_id, utm_source)
        select 'crowd' || n, 'bot_start', now(), 'crowded', 1 + n % 2000, 'fb' from generate_series(1, 3000) n`
      assert.strictEqual(yield* notes, 0)
      const now = new Date()
      const { funnel, groups, time_in_bot_seconds } = yield* (yield* Metrics).funnel({
        from: new Date(now.getTime() - 86_400_000),
        to: new Date(now.getTime() + 86_400_000),
        tz: "UTC",
        utm: { utm_source: "fb" },
        group: "bot"
      })
      assert.deepInclude(funnel[2], { events: 3000, unique: 2000 })
      assert.strictEqual(time_in_bot_seconds.count, 2000)
      assert.deepStrictEqual(
        groups.map(({ funnel, key }) => [key, funnel[2]?.events, funnel[2]?.unique]),
        [["crowded", 3000, 2000]]
      )
      yield* sql`delete from funnel_events where bot_slug = 'crowded'`
    })
  )

  it.effect("a fact told again months later is one row, in the month it happened in", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const paidOf = sql`payments p left join bots b on b.id = p.bot_id left join bot_users u on u.id = p.bot_user_id`
      yield* sql`
        insert into payments (transaction_id, provider, gateway, status, value_cents, bot_slug, created_at, paid_at, refunded_at)
        values ('once', 'pushinpay', 'pushinpay', 'refunded', 990, 'z', '2025-02-28 23:50+00', '2025-02-28 23:59:59.9+00',
          '2025-03-31 12:00+00')`
      const tell = Effect.forEach(["pix_paid", "pix_refunded"] as const, (name) => eventOf(sql, name, paidOf))
      yield* tell
      const made = yield* ensurePartitions(0)
      assert.includeMembers([...made], ["funnel_events_2025_02", "funnel_events_2025_03"])
      yield* tell
      assert.deepStrictEqual(
        yield* sql`
          select event_name as name, to_char(occurred_at, 'YYYY-MM') as month from funnel_events
          where bot_slug = 'z' order by 1`,
        [
          { name: "pix_paid", month: "2025-02" },
          { name: "pix_refunded", month: "2025-03" }
        ]
      )
      yield* sql`delete from funnel_events where bot_slug = 'z'`
    })
  )

  it.effect("months beyond the retention leave the table but stay in the database and in the numbers", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* ensurePartitions(0)
      assert.deepStrictEqual(yield* detachOldPartitions, [])
      yield* sql`update funnel_settings set value = 6 where name = 'kept_months'`
      assert.deepStrictEqual(yield* startsOf(), [1, 1])
      const gone = yield* detachOldPartitions
      assert.includeMembers([...gone], ["funnel_events_2023_05", "funnel_events_2024_05"])
      assert.deepStrictEqual(yield* sql`select event_id from funnel_events_2024_05`, [{ event_id: "b" }])
      assert.deepStrictEqual(yield* sql`select 1 from funnel_events where occurred_at < '2025-01-01'`, [])
      assert.deepStrictEqual(yield* startsOf(), [1, 1])
      yield* (yield* RollupsRepo).rebuild
      assert.deepStrictEqual(yield* startsOf(), [1, 1])
      // The person of the month that left comes back: no second one.
      yield* sql`
        insert into funnel_events (event_id, event_name, occurred_at, bot_slug, telegram_id)
        values ('e', 'bot_start', '2024-06-10', 'x', 1)`
      assert.deepStrictEqual(yield* startsOf(), [2, 1])
    })
  )
})
