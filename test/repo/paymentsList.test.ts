import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Struct } from "effect"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { decodeCursor, encodeCursor, limitOf, type ListQuery, type Page } from "../../src/repo/cursor.ts"
import { OutboxRepo } from "../../src/repo/OutboxRepo.ts"
import { statusOf } from "../../src/repo/payments/row.ts"
import { PaymentsRepo } from "../../src/repo/PaymentsRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const ground = Layer.mergeAll(PaymentsRepo.layer, OutboxRepo.layer).pipe(Layer.provideMerge(TestDatabase.layer))

const bots = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ id: number }>`
    insert into bots (slug, name) values ('vip', 'VIP'), ('outro', 'Outro') returning id`
  return { sql, vip: rows[0]!.id, other: rows[1]!.id }
})

/** Every page of a list, two by two. */
const allPages = Effect.fnUntraced(function* <A, E, R>(list: (query: ListQuery) => Effect.Effect<Page<A>, E, R>) {
  const items: Array<A> = []
  let query: ListQuery = { limit: 2 }
  while (true) {
    const page = yield* list(query)
    assert.isAtMost(page.items.length, 2)
    items.push(...page.items)
    if (page.next_cursor === null) return items
    query = { limit: 2, cursor: Option.getOrThrow(decodeCursor(page.next_cursor)) }
  }
})

/** Settings of a session need one connection. */
const sqlOnOne = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.withTransaction(work))

describe("the list of payments", () => {
  it.live("finds a rare status by its index: the words of the query are those of the migration", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`set local enable_seqscan = off`
      const plan = yield* sql<{ readonly "QUERY PLAN": string }>`
        explain select p.id from payments p where ${statusOf(sql)} = 'failed' order by p.created_at desc, p.id desc limit 51`
      assert.include(plan.map((line) => line["QUERY PLAN"]).join("\n"), "using ix_payments_status")
    }).pipe(sqlOnOne, Effect.provide(ground))
  )

  it.live("goes on where it stopped, also between payments of one millisecond", () =>
    Effect.gen(function* () {
      const { sql, vip } = yield* bots
      yield* sql`
        insert into payments (transaction_id, provider, gateway, status, bot_id, bot_slug, telegram_id, value_cents,
          created_at)
        select 't' || n, 'pushinpay', 'pushinpay', 'failed', ${vip}, 'vip', n, 990,
          '2026-01-10T12:00:00.123Z'::timestamptz + make_interval(secs => (n / 3) * 0.000001)
        from generate_series(1, 9) n`
      const payments = yield* PaymentsRepo
      const items = yield* allPages(payments.list)
      assert.deepStrictEqual(
        items.map(({ telegram_id }) => telegram_id),
        [9, 8, 7, 6, 5, 4, 3, 2, 1]
      )
    }).pipe(Effect.provide(ground))
  )

  it.live("has the contract's keys and words, for rows of all three systems", () =>
    Effect.gen(function* () {
      const { sql, vip } = yield* bots
      const [user] = yield* sql<{ id: number }>`
        insert into bot_users (bot_id, telegram_id) values (${vip}, 55) returning id`
      yield* sql`
        insert into payments (transaction_id, provider, external_id, status, amount_cents, created_at)
        values ('v2', 'PushinPay', 'ABC', 'PENDING', 500, '2025-10-01T10:00:00Z')`
      yield* sql`
        insert into payments (transaction_id, provider, gateway, gateway_charge_id, status, value_cents, bot_id,
          bot_user_id, paid_at, meta, source_kind, created_at)
        values ('v3', 'pushinpay', 'pushinpay', 'DEF', 'PAID', 700, ${vip}, ${user!.id}, '2025-11-01T10:00:30Z',
          '{"planName":"Antigo"}', 'downsell', '2025-11-01T10:00:00Z'),
          ('v3b', 'pushinpay', 'pushinpay', null, 'esquisito', null, null, null, null, null, null,
          '2025-11-01T09:00:00Z')`
      yield* sql`
        insert into payments (transaction_id, provider, gateway, gateway_charge_id, status, value_cents, fee_cents,
          net_cents, bot_id, bot_slug, telegram_id, plan_id, plan_name, source, paid_at, refunded_at, created_at)
        values ('n', 'pushinpay', 'pushinpay', 'ghi', 'refunded', 990, 30, 960, ${vip}, 'vip', 77, 3, 'Mensal', 'd2',
          '2026-01-01T10:01:00Z', '2026-01-02T10:00:00Z', '2026-01-01T10:00:00Z')`
      const payments = yield* PaymentsRepo
      const { items } = yield* payments.list({})
      const nothing = {
        bot: null,
        telegram_id: null,
        plan_id: null,
        plan_name: null,
        fee_cents: null,
        net_cents: null,
        source: null,
        paid_at: null,
        end_to_end_id: null,
        payer_name: null,
        problem: null,
        refunded_at: null
      }
      assert.deepStrictEqual(
        items.map((item) => Struct.omit(item, ["id"])),
        [
          {
            bot: "vip",
            telegram_id: 77,
            plan_id: 3,
            plan_name: "Mensal",
            gateway: "pushinpay",
            gateway_charge_id: "ghi",
            value_cents: 990,
            fee_cents: 30,
            net_cents: 960,
            status: "refunded",
            source: "d2",
            created_at: "2026-01-01T10:00:00.000Z",
            paid_at: "2026-01-01T10:01:00.000Z",
            end_to_end_id: null,
            payer_name: null,
            problem: null,
            refunded_at: "2026-01-02T10:00:00.000Z"
          },
          {
            ...nothing,
            bot: "vip",
            telegram_id: 55,
            plan_name: "Antigo",
            gateway: "pushinpay",
            gateway_charge_id: "def",
            value_cents: 700,
            status: "paid",
            source: "downsell",
            created_at: "2025-11-01T10:00:00.000Z",
            paid_at: "2025-11-01T10:00:30.000Z"
          },
          {
            ...nothing,
            gateway: "pushinpay",
            gateway_charge_id: null,
            value_cents: null,
            status: "unknown",
            created_at: "2025-11-01T09:00:00.000Z"
          },
          {
            ...nothing,
            gateway: "pushinpay",
            gateway_charge_id: "abc",
            value_cents: 500,
            status: "pending",
            created_at: "2025-10-01T10:00:00.000Z"
          }
        ]
      )
    }).pipe(Effect.provide(ground))
  )

  it.live("filters by bot, status in today's words, person and time", () =>
    Effect.gen(function* () {
      const { sql, vip, other } = yield* bots
      yield* sql`
        insert into payments (transaction_id, provider, gateway, status, bot_id, bot_slug, telegram_id, value_cents,
          created_at)
        values ('a', 'pushinpay', 'pushinpay', 'pending', ${vip}, 'vip', 1, 990, '2026-01-01T00:00:00Z'),
          ('b', 'pushinpay', 'pushinpay', 'failed', ${vip}, 'vip', 2, 990, '2026-01-02T00:00:00Z'),
          ('c', 'pushinpay', 'pushinpay', 'pending', ${other}, 'outro', 1, 990, '2026-01-03T00:00:00Z')`
      yield* sql`
        insert into payments (transaction_id, provider, gateway, status, bot_id, value_cents, created_at)
        values ('d', 'pushinpay', 'pushinpay', 'created', ${vip}, 990, '2025-01-01T00:00:00Z')`
      const payments = yield* PaymentsRepo
      const valued = (query: ListQuery) =>
        Effect.map(payments.list(query), ({ items }) => items.map((item) => item.created_at.slice(0, 10)))
      assert.deepStrictEqual(yield* valued({ bot: "vip" }), ["2026-01-02", "2026-01-01", "2025-01-01"])
      assert.deepStrictEqual(yield* valued({ bot: "ninguém" }), [])
      assert.deepStrictEqual(yield* valued({ status: "pending", bot: "vip" }), ["2026-01-01", "2025-01-01"])
      assert.deepStrictEqual(yield* valued({ telegramId: 1 }), ["2026-01-03", "2026-01-01"])
      const from = new Date("2026-01-01T00:00:00Z")
      const to = new Date("2026-01-02T00:00:00Z")
      assert.deepStrictEqual(yield* valued({ from, to }), ["2026-01-01"])
    }).pipe(Effect.provide(ground))
  )
})

describe("the list of deliveries", () => {
  it.live("has the contract's keys, and leaves out what is not ours", () =>
    Effect.gen(function* () {
      const { sql, vip } = yield* bots
      const outbox = yield* OutboxRepo
      yield* sql`insert into outbox (topic, payload) values ('antigo', '{}')`
      for (let n = 1; n <= 3; n++) {
        yield* outbox.enqueue({
          destination: "telegram",
          eventName: "delivery",
          payload: {},
          botId: vip,
          paymentId: n,
          telegramId: n,
          orderKey: "k",
          dedupeKey: `delivery:${n}`
        })
      }
      const items = yield* allPages(outbox.list)
      assert.deepStrictEqual(
        items.map(({ payment_id }) => payment_id),
        [3, 2, 1]
      )
      const [item] = items
      assert.deepStrictEqual(Object.keys(item!).toSorted(), [
        "attempts",
        "created_at",
        "destination",
        "event_name",
        "id",
        "last_error",
        "next_attempt_at",
        "payment_id",
        "status"
      ])
      assert.deepInclude(item, { destination: "telegram", event_name: "delivery", status: "pending", attempts: 0 })
      assert.strictEqual((yield* outbox.list({ telegramId: 2, bot: "vip", status: "pending" })).items.length, 1)
      assert.strictEqual((yield* outbox.list({ status: "sent" })).items.length, 0)
    }).pipe(Effect.provide(ground))
  )
})

describe("a cursor", () => {
  const cursors = fc.record({
    at: fc
      .date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true })
      .map((date) => `${date.toISOString().slice(0, -1)}456Z`),
    id: fc.integer({ min: 1 })
  })

  it("comes back as it was given out", () =>
    fc.assert(
      fc.property(cursors, (cursor) => assert.deepStrictEqual(decodeCursor(encodeCursor(cursor)), Option.some(cursor)))
    ))

  it("that we did not give out is none", () => {
    const impossible = ["ontem", "2026-13-01T00:00:00.000000Z", "2026-02-30T00:00:00.000000Z"]
    for (const text of ["", "x", "MTIz", ...impossible.map((at) => encodeCursor({ at, id: 1 }))]) {
      assert.isTrue(Option.isNone(decodeCursor(text)), text)
    }
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => void decodeCursor(text)))
  })

  it.each([
    [undefined, 50],
    [0, 1],
    [1, 1],
    [200, 200],
    [100_000, 200]
  ])("a limit of %s is %s", (limit, expected) => assert.strictEqual(limitOf({ limit }), expected))
})
