import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Checkout } from "../../src/payments/Checkout.ts"
import { SandboxPushinPay } from "../../src/sandbox/pushinpay/SandboxPushinPay.ts"
import { growth } from "../support/metrics.ts"
import { ana, eventually, factsOf, openBot, payments, plan, requestFor, Room, timePasses } from "./room.ts"

const setup = Effect.gen(function* () {
  return {
    bank: yield* SandboxPushinPay,
    checkout: yield* Checkout,
    sql: yield* SqlClient.SqlClient,
    bot: yield* openBot,
    room: yield* Room
  }
})

describe("Checkout", () => {
  it.live("a charge leaves its row, its event, its person and its line", () =>
    Effect.gen(function* () {
      const { bank, checkout, sql, bot, room } = yield* setup
      const open = yield* checkout.open({ ...requestFor(bot), source: "d3" })
      const [charge] = yield* bank.charges
      assert.deepInclude(open, { pixCode: charge!.code, valueCents: 990, planName: "Mensal", reused: false })
      assert.isTrue(Option.isSome(open.legalNotice))
      assert.approximately(open.expiresAt.getTime(), Date.now() + 3_600_000, 60_000)
      const [row] = yield* sql`select * from payments`
      assert.deepInclude(row, {
        status: "pending",
        gateway: "pushinpay",
        provider: "pushinpay",
        gateway_charge_id: charge!.id,
        external_id: charge!.id,
        value_cents: 990,
        amount_cents: 990,
        bot_slug: "vip",
        telegram_id: ana.telegramId,
        plan_id: plan.id,
        source: "d3",
        request_id: "pedido-1"
      })
      assert.strictEqual(charge!.webhookUrl, `${room.url}pushinpay/${row!["webhook_key"]}`)
      assert.deepInclude(yield* factsOf(open.paymentId), { created: 1, paid: 0, deliveries: 0, has_paid: false })
      const [person] = yield* sql`select name, first_pix_at from bot_users`
      assert.strictEqual(person!["name"], "Ana Sousa")
      assert.isNotNull(person!["first_pix_at"])
      const line = room.log.find((one) => one.includes("[PIX_CREATED]"))
      assert.match(
        line ?? "",
        /INFO {2}\[PAYMENT\]\[PIX_CREATED\] bot=vip user=7205343917 valor=9\.90 status=pending \| .*request_id=pedido-1 gateway=pushinpay .*latency_ms=\d+/
      )
    }).pipe(Effect.provide(payments()))
  )

  it.live("the same person, plan and price has one open charge; another price has its own", () =>
    Effect.gen(function* () {
      const { bank, checkout, bot } = yield* setup
      const first = yield* checkout.open(requestFor(bot))
      const again = yield* checkout.open(requestFor(bot))
      assert.deepStrictEqual(again, { ...first, reused: true })
      const cheaper = yield* checkout.open(requestFor(bot, { priceCents: 500 }))
      const other = yield* checkout.open(requestFor(bot, { telegramId: 1 }))
      assert.strictEqual(new Set([first.paymentId, cheaper.paymentId, other.paymentId]).size, 3)
      assert.strictEqual((yield* bank.charges).length, 3)
    }).pipe(Effect.provide(payments()))
  )

  it.live("20 taps at once, on two nodes, make one charge", () =>
    Effect.gen(function* () {
      const { bank, checkout, bot, sql } = yield* setup
      const other = Context.get(yield* Layer.build(Layer.fresh(Checkout.layer)), Checkout)
      const all = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? checkout : other)),
        (node) => node.open(requestFor(bot)),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(all.map((one) => one.pixCode)).size, 1)
      assert.strictEqual(all.filter((one) => !one.reused).length, 1)
      assert.strictEqual((yield* bank.charges).length, 1)
      assert.strictEqual((yield* sql`select 1 from payments`).length, 1)
    }).pipe(Effect.scoped, Effect.provide(payments({ bank: { latencyMs: 150 } })))
  )

  it.live("an expired charge is closed and a new one made", () =>
    Effect.gen(function* () {
      const { checkout, bot, sql } = yield* setup
      const first = yield* checkout.open(requestFor(bot))
      yield* sql`update payments set expires_at = now() - interval '1 second'`
      const second = yield* checkout.open(requestFor(bot))
      assert.isFalse(second.reused)
      assert.strictEqual((yield* factsOf(first.paymentId)).status, "expired")
    }).pipe(Effect.provide(payments()))
  )

  it.live("a creation that died is unknown, and the next tap makes a new charge", () =>
    Effect.gen(function* () {
      const { checkout, bot, sql } = yield* setup
      const first = yield* checkout.open(requestFor(bot))
      yield* sql`
        update payments set status = 'creating', created_at = now() - interval '31 seconds', pix_copy_paste = null`
      assert.isFalse((yield* checkout.open(requestFor(bot))).reused)
      assert.strictEqual((yield* factsOf(first.paymentId)).status, "unknown")
    }).pipe(Effect.provide(payments()))
  )

  it.live("what the gateway refuses, cannot do or may have done ends as failed or unknown, with a reason", () =>
    Effect.gen(function* () {
      const { bank, checkout, bot, sql } = yield* setup
      const failWith = (priceCents: number) =>
        Effect.map(Effect.flip(checkout.open(requestFor(bot, { priceCents }))), (error) =>
          error._tag === "CheckoutError" ? `${error.reason._tag}: ${error.message}` : error._tag
        )
      assert.match(yield* failWith(49), /^CheckoutBelowMinimum: .*R\$ 0,50/)
      assert.match(yield* failWith(1_000_001), /^CheckoutRefused: o gateway pushinpay recusou: /)
      yield* bank.fail({ operation: "create", answer: { kind: "http", status: 429, body: {} } })
      assert.match(yield* failWith(1000), /^CheckoutUnavailable: /)
      yield* bank.fail({ operation: "create", answer: { kind: "reset", applied: true } })
      assert.match(yield* failWith(1001), /^CheckoutUncertain: /)
      yield* bank.configure({ token: "outro" })
      assert.match(yield* failWith(1002), /^CheckoutRefused: .*credencial/)
      const missing = yield* Effect.flip(checkout.open(requestFor({ ...bot, gateway: "syncpay" })))
      assert.strictEqual(missing._tag === "CheckoutError" ? missing.reason._tag : "", "CheckoutNotConfigured")

      const rows = yield* sql`select value_cents, status from payments order by id`
      assert.deepStrictEqual(
        rows.map((row) => row["status"]),
        ["failed", "failed", "unknown", "failed"]
      )
      assert.strictEqual((yield* sql`select 1 from funnel_events`).length, 0)
      // The person of a failed charge may try again at once.
      yield* bank.configure({ token: yield* bank.token })
    }).pipe(Effect.provide(payments({ bank: { maxCents: 1_000_000 } })))
  )

  it.live("whoever waits may be interrupted: the charge is not", () =>
    Effect.gen(function* () {
      const { bank, checkout, bot, sql } = yield* setup
      const waiting = yield* Effect.forkChild(checkout.open(requestFor(bot)))
      yield* bank.waitForCharge(() => true)
      yield* Fiber.interrupt(waiting)
      yield* eventually(sql`select status from payments`, ([row]) => row?.["status"] === "pending")
      assert.isTrue((yield* checkout.open(requestFor(bot))).reused)
    }).pipe(Effect.provide(payments({ bank: { latencyMs: 200 } })))
  )

  it.live("a gateway that never answers, or too late, is given up on; what it made is found all the same", () =>
    Effect.gen(function* () {
      const { bank, checkout, bot, sql } = yield* setup
      const grown = yield* growth
      const late = { telegramId: 2 }
      const open = (changes = {}) => Effect.flip(checkout.open(requestFor(bot, changes)))
      yield* bank.fail({ operation: "create", answer: { kind: "timeout", applied: true } })
      const lost = yield* Effect.forkChild(Effect.all([open(), open()], { concurrency: "unbounded" }))
      const charge = yield* bank.waitForCharge(() => true)
      yield* bank.configure({ latencyMs: 8_800 })
      const errors = [yield* open(late), ...(yield* Fiber.join(lost))]
      assert.deepStrictEqual(
        errors.map((error) => (error._tag === "CheckoutError" ? error.reason._tag : error._tag)),
        ["CheckoutUncertain", "CheckoutUncertain", "CheckoutUncertain"]
      )
      const failures = 'funil_gateway_failures_total{gateway="pushinpay",operation="create",reason="uncertain"}'
      assert.strictEqual(yield* grown(failures), 2, "one for each creation that was given up on")
      assert.lengthOf(yield* bank.charges, 2)
      const rows = yield* sql<{ id: number; status: string }>`select id, status from payments order by id`
      assert.deepStrictEqual(
        rows.map(({ status }) => status),
        ["unknown", "unknown"]
      )
      const [silent, slow] = rows

      yield* bank.pay(charge.id)
      const facts = yield* eventually(factsOf(silent!.id), ({ status }) => status === "paid")
      assert.deepStrictEqual(facts, { status: "paid", created: 1, paid: 1, deliveries: 1, has_paid: true })

      // The answer that came too late for the buyer makes the charge one that can be shown and asked for.
      yield* eventually(factsOf(slow!.id), ({ status }) => status === "pending")
      assert.isTrue((yield* checkout.open(requestFor(bot, late))).reused)
      yield* bank.configure({ dropWebhooks: true })
      for (const { id } of yield* bank.charges) if (id !== charge.id) yield* bank.pay(id)
      yield* timePasses
      assert.deepStrictEqual(yield* eventually(factsOf(slow!.id), ({ status }) => status === "paid"), facts)
      assert.lengthOf(yield* bank.charges, 2)
    }).pipe(Effect.provide(payments()))
  )

  it.live("carries where the buyer came from into the charge and its event", () =>
    Effect.gen(function* () {
      const { checkout, bot, sql } = yield* setup
      yield* sql`
        insert into tracking_sessions (id, utm_source, utm_campaign, fbp) values ('s1', 'face', 'natal', 'fb.1.2')`
      yield* sql`insert into tracking_clients (session_id, ip) values ('s1', '10.1.2.3')`
      yield* sql`insert into bot_users (bot_id, telegram_id, session_id) values (${bot.id}, ${ana.telegramId}, 's1')`
      yield* checkout.open(requestFor(bot))
      const [row] = yield* sql`select tracking from payments`
      assert.deepStrictEqual(row!["tracking"], {
        session_id: "s1",
        utm_source: "face",
        utm_campaign: "natal",
        fbp: "fb.1.2"
      })
      const [client] = yield* sql`select host(ip) as ip from tracking_clients where payment_id > 0`
      assert.deepStrictEqual(client, { ip: "10.1.2.3" })
      const [event] = yield* sql`select session_id, utm_source, utm_campaign, fbp, price_cents from funnel_events`
      assert.deepStrictEqual(event, {
        session_id: "s1",
        utm_source: "face",
        utm_campaign: "natal",
        fbp: "fb.1.2",
        price_cents: 990
      })
    }).pipe(Effect.provide(payments()))
  )
})
