import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Checkout } from "../../src/payments/Checkout.ts"
import type { ChargeState } from "../../src/payments/PaymentGateway.ts"
import { Settlement } from "../../src/payments/Settlement.ts"
import { PaymentsRepo } from "../../src/repo/PaymentsRepo.ts"
import { openBot, payments, requestFor } from "./room.ts"

const reporting = {
  UTMIFY_TOKEN: "segredo-da-utmify",
  FACEBOOK_PIXEL_ID: "1234567890",
  FACEBOOK_ACCESS_TOKEN: "segredo-do-facebook"
}

const setup = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const checkout = yield* Checkout
  const settlement = yield* Settlement
  const repo = yield* PaymentsRepo
  const { paymentId } = yield* checkout.open(requestFor(yield* openBot))
  const payment = (yield* repo.findById(paymentId)).pipe((found) => (found._tag === "Some" ? found.value : undefined))!
  const say = (status: ChargeState["status"], more: Partial<ChargeState> = {}) =>
    settlement.apply(payment, { status, rawStatus: status, valueCents: 990, ...more }, "query")
  const reported = Effect.map(
    sql<{ destination: string; event_name: string; order_key: string; payload: unknown }>`
      select destination, event_name, order_key, payload from outbox
      where destination <> 'telegram' order by destination, id`,
    (rows) => rows.map(({ destination, event_name }) => `${destination} ${event_name}`)
  )
  const money = Effect.map(
    sql<{ fee_cents: number | null; net_cents: number | null }>`select fee_cents, net_cents from payments`,
    ([row]) => row
  )
  return { sql, say, reported, money, paymentId }
})

describe("what others are told of a payment", () => {
  it.live("each destination once per fact, those of a payment in their order", () =>
    Effect.gen(function* () {
      const { say, reported, sql, paymentId } = yield* setup
      assert.deepStrictEqual(yield* reported, ["facebook pix_created", "utmify pix_created"])
      for (const status of ["refunded", "paid", "refunded", "charged_back"] as const) yield* say(status)
      assert.deepStrictEqual(yield* reported, [
        "facebook pix_created",
        "facebook pix_paid",
        "utmify pix_created",
        "utmify pix_paid",
        "utmify pix_refunded",
        "utmify pix_charged_back"
      ])
      const [keys] = yield* sql<{ keys: number; key: string }>`
        select count(distinct order_key) as keys, min(order_key) as key from outbox where destination = 'utmify'`
      assert.deepStrictEqual(keys, { keys: 1, key: `payment:${paymentId}` })
    }).pipe(Effect.provide(payments({ env: reporting })))
  )

  it.live("nothing, where nobody listens", () =>
    Effect.gen(function* () {
      const { say, reported } = yield* setup
      yield* say("paid")
      assert.deepStrictEqual(yield* reported, [])
    }).pipe(Effect.provide(payments()))
  )

  it.live("a refund and a chargeback are events of their own, once", () =>
    Effect.gen(function* () {
      const { say, sql } = yield* setup
      for (const status of ["paid", "refunded", "refunded", "charged_back"] as const) yield* say(status)
      const events = yield* sql<{ event_name: string }>`select event_name from funnel_events order by occurred_at, id`
      assert.deepStrictEqual(
        events.map((event) => event.event_name),
        ["pix_created", "pix_paid", "pix_refunded", "pix_charged_back"]
      )
    }).pipe(Effect.provide(payments()))
  )
})

describe("the ledger of a payment", () => {
  it.live("takes the fee of the seller's contract where the gateway tells none", () =>
    Effect.gen(function* () {
      const { say, money, sql } = yield* setup
      yield* sql`update gateway_fees set percent_bps = 199`
      yield* say("paid")
      assert.deepStrictEqual(yield* money, { fee_cents: 50, net_cents: 940 })
    }).pipe(Effect.provide(payments()))
  )

  it.live("and the gateway's own figures as soon as it tells them", () =>
    Effect.gen(function* () {
      const { say, money } = yield* setup
      yield* say("paid")
      assert.deepStrictEqual(yield* money, { fee_cents: 30, net_cents: 960 })
      yield* say("paid", { feeCents: 35, netCents: 955 })
      assert.deepStrictEqual(yield* money, { fee_cents: 35, net_cents: 955 })
    }).pipe(Effect.provide(payments()))
  )

  it.live("is empty for a gateway whose contract nobody knows", () =>
    Effect.gen(function* () {
      const { say, money, sql } = yield* setup
      yield* sql`delete from gateway_fees`
      yield* say("paid")
      assert.deepStrictEqual(yield* money, { fee_cents: null, net_cents: null })
    }).pipe(Effect.provide(payments()))
  )
})
