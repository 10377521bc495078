import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Checkout } from "../../src/payments/Checkout.ts"
import { SandboxPushinPay } from "../../src/sandbox/pushinpay/SandboxPushinPay.ts"
import { SandboxSyncPay } from "../../src/sandbox/syncpay/SandboxSyncPay.ts"
import { eventually, factsOf, openBot, requestFor, Room, twoGateways } from "./room.ts"

const setup = Effect.gen(function* () {
  const bot = { ...(yield* openBot), secondGateway: Option.some("syncpay") }
  const checkout = yield* Checkout
  let person = 0
  /** Another buyer every time. */
  const buy = (changes: { readonly priceCents?: number } = {}) =>
    checkout.open(requestFor(bot, { ...changes, telegramId: ++person }))
  const first = yield* SandboxPushinPay
  const second = yield* SandboxSyncPay
  const made = Effect.map(Effect.all([first.charges, second.charges]), ([a, b]) => [a.length, b.length])
  return { bot, buy, checkout, first, second, made, sql: yield* SqlClient.SqlClient, room: yield* Room }
})

describe("a bot with a second gateway", () => {
  it.live("charges by the first one as long as that works", () =>
    Effect.gen(function* () {
      const { buy, made } = yield* setup
      yield* buy()
      assert.deepStrictEqual(yield* made, [1, 0])
    }).pipe(Effect.provide(twoGateways()))
  )

  it.live("charges by the second one what the first refuses: one row, paid and delivered", () =>
    Effect.gen(function* () {
      const { buy, first, made, room, second, sql } = yield* setup
      yield* first.fail({
        operation: "create",
        answer: { kind: "http", status: 422, body: { message: "alto demais" } }
      })
      const open = yield* buy()
      assert.deepStrictEqual(yield* made, [0, 1])
      const rows = yield* sql`select gateway, provider, status from payments`
      assert.deepStrictEqual(rows, [{ gateway: "syncpay", provider: "syncpay", status: "pending" }])
      assert.strictEqual(room.log.filter((line) => line.includes("segundo gateway")).length, 1)
      assert.isTrue(Option.isNone(open.legalNotice), "PushinPay's notice belongs to PushinPay's charges")
      const [charge] = yield* second.charges
      yield* second.pay(charge!.id)
      yield* eventually(factsOf(open.paymentId), ({ deliveries, status }) => status === "paid" && deliveries === 1)
    }).pipe(Effect.provide(twoGateways()))
  )

  it.live("charges what is too little for the first one by the second", () =>
    Effect.gen(function* () {
      const { buy, made } = yield* setup
      yield* buy({ priceCents: 30 })
      assert.deepStrictEqual(yield* made, [0, 1])
    }).pipe(Effect.provide(twoGateways()))
  )

  it.live("is not charged twice because of a lost answer, and goes straight to the second after three of them", () =>
    Effect.gen(function* () {
      const { buy, first, made, room } = yield* setup
      yield* first.fail({ operation: "create", answer: { kind: "reset" }, times: 3 })
      for (let i = 0; i < 3; i++) {
        const error = yield* Effect.flip(buy())
        assert.strictEqual(error._tag === "CheckoutError" ? error.reason._tag : error._tag, "CheckoutUncertain")
      }
      assert.deepStrictEqual(yield* made, [0, 0])
      yield* buy()
      yield* buy()
      assert.deepStrictEqual(yield* made, [0, 2])
      assert.strictEqual(room.log.filter((line) => line.includes("quem tem um segundo gateway")).length, 1)
    }).pipe(Effect.provide(twoGateways()))
  )

  it.live("twenty taps at once, the first gateway refusing: one charge, everybody gets its code", () =>
    Effect.gen(function* () {
      const { bot, checkout, first, made } = yield* setup
      yield* first.fail({ operation: "create", answer: { kind: "http", status: 403, body: {} } })
      const codes = yield* Effect.all(
        Array.from({ length: 20 }, () => Effect.map(checkout.open(requestFor(bot)), ({ pixCode }) => pixCode)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(codes).size, 1)
      assert.deepStrictEqual(yield* made, [0, 1])
    }).pipe(Effect.provide(twoGateways({ bank: { latencyMs: 100 } })))
  )
})

describe("a person who only makes codes", () => {
  it.live("gets as many in an hour as the bot allows, and one more when the hour is over", () =>
    Effect.gen(function* () {
      const { bot, checkout, made, sql } = yield* setup
      const few = { ...bot, maxPixPerHour: 3 }
      const code = (priceCents: number, telegramId = 1) =>
        checkout.open({ ...requestFor(few, { priceCents, telegramId }) })
      for (const price of [100, 200, 300]) yield* code(price)
      const error = yield* Effect.flip(code(400))
      assert.strictEqual(error._tag === "CheckoutError" ? error.reason._tag : error._tag, "CheckoutLimited")
      assert.isTrue((yield* code(200)).reused, "an open one is shown again")
      yield* code(400, 2)
      yield* sql`update payments set created_at = created_at - interval '61 minutes' where value_cents = 100`
      yield* code(500)
      assert.deepStrictEqual(yield* made, [5, 0])
    }).pipe(Effect.provide(twoGateways()))
  )
})
