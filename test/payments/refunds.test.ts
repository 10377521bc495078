import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Checkout } from "../../src/payments/Checkout.ts"
import { Refunds } from "../../src/payments/Refunds.ts"
import { SandboxPushinPay } from "../../src/sandbox/pushinpay/SandboxPushinPay.ts"
import { SandboxSyncPay } from "../../src/sandbox/syncpay/SandboxSyncPay.ts"
import { eventually, factsOf, openBot, openBotAt, payments, requestFor, syncPayments } from "./room.ts"

const setup = Effect.gen(function* () {
  const bank = yield* SandboxPushinPay
  const checkout = yield* Checkout
  const { refund } = yield* Refunds
  const { paymentId } = yield* checkout.open(requestFor(yield* openBot))
  const [charge] = yield* bank.charges
  const paid = Effect.andThen(
    bank.pay(charge!.id),
    eventually(factsOf(paymentId), ({ status }) => status === "paid")
  )
  const refused = (id: number) => Effect.map(Effect.flip(refund(id)), ({ reason }) => reason._tag)
  return { bank, charge: charge!, paid, paymentId, refund, refused, sql: yield* SqlClient.SqlClient }
})

describe("a refund", () => {
  it.live("gives the money back once, however many ask, and is one event", () =>
    Effect.gen(function* () {
      const { bank, charge, paid, paymentId, refund, sql } = yield* setup
      yield* paid
      const asked = yield* Effect.all(
        Array.from({ length: 5 }, () => Effect.result(refund(paymentId))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(asked.filter((answer) => answer._tag === "Success").length, 1)
      const [view] = asked.flatMap((answer) => (answer._tag === "Success" ? [answer.success] : []))
      assert.deepInclude(view, { id: paymentId, status: "refunded", value_cents: 990 })
      assert.strictEqual((yield* bank.charge(charge.id)).status, "canceled")
      yield* eventually(
        sql<{ waiting: number }>`select count(*) as waiting from gateway_events where state = 'waiting'`,
        ([row]) => row?.waiting === 0
      )
      const events = yield* sql`select 1 from funnel_events where event_name = 'pix_refunded'`
      assert.strictEqual(events.length, 1)
    }).pipe(Effect.provide(payments()))
  )

  it.live("is refused for what is not there, not paid, or given back already", () =>
    Effect.gen(function* () {
      const { paid, paymentId, refund, refused } = yield* setup
      assert.strictEqual(yield* refused(999), "NotFound")
      assert.strictEqual(yield* refused(paymentId), "Conflict")
      yield* paid
      yield* refund(paymentId)
      assert.strictEqual(yield* refused(paymentId), "Conflict")
    }).pipe(Effect.provide(payments()))
  )

  it.live("whose answer was lost is not asked for again at once; one that certainly failed may be", () =>
    Effect.gen(function* () {
      const { bank, paid, paymentId, refund, refused } = yield* setup
      yield* paid
      yield* bank.fail({ operation: "refund", answer: { kind: "http", status: 401, body: {} } })
      assert.strictEqual(yield* refused(paymentId), "Upstream")
      yield* bank.fail({ operation: "refund", answer: { kind: "reset" } })
      const lost = yield* Effect.flip(refund(paymentId))
      assert.include(lost.message, "Confira no painel")
      assert.strictEqual(yield* refused(paymentId), "Conflict")
      assert.strictEqual((yield* factsOf(paymentId)).status, "paid")
    }).pipe(Effect.provide(payments()))
  )

  it.live("is the business of the gateway's own panel where it has no other way", () =>
    Effect.gen(function* () {
      const bank = yield* SandboxSyncPay
      const checkout = yield* Checkout
      const { paymentId } = yield* checkout.open(requestFor(yield* openBotAt("syncpay")))
      const [charge] = yield* bank.charges
      yield* bank.pay(charge!.id)
      yield* eventually(factsOf(paymentId), ({ status }) => status === "paid")
      const error = yield* Effect.flip((yield* Refunds).refund(paymentId))
      assert.match(error.message, /painel/)
    }).pipe(Effect.provide(syncPayments()))
  )
})
