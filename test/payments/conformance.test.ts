import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Checkout } from "../../src/payments/Checkout.ts"
import { Gateways } from "../../src/payments/Gateways.ts"
import { Reconciliation } from "../../src/payments/Reconciliation.ts"
import { ask } from "../sandbox/support.ts"
import { ana, eventsInbox, eventually, factsOf, openBotAt, requestFor, Room, secondsPass } from "./room.ts"
import { gatewaysUnderTest, Till } from "./tills.ts"

const paidFacts = { status: "paid", created: 1, paid: 1, deliveries: 1, has_paid: true }
const untouched = { status: "pending", created: 1, paid: 0, deliveries: 0, has_paid: false }
const unasked = { queryWindowMs: 0 }

describe.concurrent.each(gatewaysUnderTest)("$name", ({ deadlineSeconds, name, room, ruleSeconds }) => {
  const setup = Effect.gen(function* () {
    const till = yield* Till
    const checkout = yield* Checkout
    const sql = yield* SqlClient.SqlClient
    const { answers, log, url } = yield* Room
    const bot = yield* openBotAt(name)
    const charged = Effect.fnUntraced(function* (telegramId: number = ana.telegramId) {
      const { paymentId } = yield* checkout.open(requestFor(bot, { telegramId }))
      const [row] = yield* sql<{ charge: string; key: string }>`
        select gateway_charge_id as charge, webhook_key as key from payments where id = ${paymentId}`
      return { paymentId, ...row! }
    })
    const post = (path: string, { body, type }: { readonly body: string; readonly type: string }) =>
      Effect.map(ask(url + path, { body, headers: { "content-type": type } }), ({ status }) => status)
    const becomes = (paymentId: number, wanted: string) =>
      eventually(factsOf(paymentId), ({ status }) => status === wanted)
    const judged = eventually(eventsInbox, (all) =>
      all.every(({ error, state }) => state !== "waiting" || error !== null)
    )
    const gateway = Option.getOrThrow((yield* Gateways).get(name))
    return { till, checkout, sql, answers, log, bot, charged, post, becomes, judged, gateway }
  })

  it.live("makes a charge that the buyer can pay, with its own secret address", () =>
    Effect.gen(function* () {
      const { bot, checkout, gateway, log, sql, till } = yield* setup
      const open = yield* checkout.open(requestFor(bot))
      const [charge] = yield* till.charges
      assert.deepInclude(open, { pixCode: charge!.code, valueCents: 990, reused: false })
      assert.deepStrictEqual(open.legalNotice, gateway.capabilities.legalNotice)
      const [row] = yield* sql`select * from payments`
      const id = charge!.id
      assert.deepInclude(row, { status: "pending", gateway: name, gateway_charge_id: id, value_cents: 990 })
      assert.match(charge!.webhookUrl ?? "", new RegExp(`/api/payments/webhook/${name}/${row!["webhook_key"]}$`))
      assert.strictEqual(log.filter((line) => line.includes("[PIX_CREATED]")).length, 1)
    }).pipe(Effect.provide(room({})))
  )

  it.live("has one charge for ten taps at once", () =>
    Effect.gen(function* () {
      const { bot, checkout, till } = yield* setup
      const taps = Array.from({ length: 10 }, () => checkout.open(requestFor(bot)))
      const all = yield* Effect.all(taps, { concurrency: "unbounded" })
      assert.strictEqual(new Set(all.map(({ pixCode }) => pixCode)).size, 1)
      assert.strictEqual(all.filter(({ reused }) => !reused).length, 1)
      assert.strictEqual((yield* till.charges).length, 1)
    }).pipe(Effect.provide(room({ latencyMs: 100 })))
  )

  it.live("is paid by webhook: once, however often it comes, with the payer's name", () =>
    Effect.gen(function* () {
      const { answers, becomes, charged, judged, log, sql, till } = yield* setup
      const { charge, paymentId } = yield* charged()
      yield* till.configure({ webhookCopies: 20, webhookParallel: true })
      yield* till.pay(charge)
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
      assert.isTrue((yield* judged).every(({ state }) => state === "done"))
      assert.deepStrictEqual(yield* factsOf(paymentId), paidFacts)
      assert.isAtMost((yield* till.charge(charge)).queries, 1)
      assert.strictEqual(yield* till.violations, 0)
      assert.deepStrictEqual([...new Set(answers)], [200])
      const [row] = yield* sql`select payer_name, paid_at, next_check_at from payments`
      assert.deepInclude(row, { payer_name: "Fulano de Tal", next_check_at: null })
      assert.isNotNull(row!["paid_at"])
      assert.strictEqual(log.filter((line) => line.includes("[PIX_PAID]")).length, 1)
    }).pipe(Effect.provide(room({})))
  )

  it.live("does not believe a webhook that anybody could have written, and believes the true one behind it", () =>
    Effect.gen(function* () {
      const { becomes, charged, judged, log, post, till } = yield* setup
      const { charge, paymentId } = yield* charged()
      assert.strictEqual(yield* post(name, till.forged(charge, 990)), 200)
      assert.strictEqual(yield* post(`${name}/um-segredo-inventado`, till.forged(charge, 990)), 200)
      yield* judged
      assert.deepStrictEqual(yield* factsOf(paymentId), untouched)
      assert.strictEqual(log.filter((line) => line.includes(" ERROR ")).length, 0)
      yield* till.pay(charge)
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
      assert.strictEqual(yield* till.violations, 0)
    }).pipe(Effect.provide(room({})))
  )

  it.live("pays nothing for another value or another charge, and says so", () =>
    Effect.gen(function* () {
      const { charged, judged, log, post, till } = yield* setup
      const { charge, key, paymentId } = yield* charged()
      const other = yield* charged(1)
      yield* post(`${name}/${key}`, till.forged(charge, 1))
      yield* post(`${name}/${other.key}`, till.forged("9d3f2b1a-1111-4222-8333-444455556666", 990))
      const refused = (yield* judged).filter(({ state }) => state === "refused")
      assert.strictEqual(refused.length, 2)
      assert.deepStrictEqual(yield* factsOf(paymentId), untouched)
      assert.strictEqual((yield* factsOf(other.paymentId)).status, "pending")
      const errors = log.filter((line) => line.includes(" ERROR "))
      assert.strictEqual(errors.length, 1)
      assert.include(errors[0], "o valor confirmado (0.01) não é o da cobrança; nada foi liberado")
    }).pipe(Effect.provide(room({})))
  )

  it.live("answers webhooks of nobody and of no sense, and moves nothing", () =>
    Effect.gen(function* () {
      const { judged, post, sql, till } = yield* setup
      const odd = ["", "{", "[]", "null", '{"data":{"status":"pa\\u0000id"}}', "\u0000", "<html></html>"]
      const bodies = [
        till.forged("9d3f2b1a-1111-4222-8333-444455556666", 990),
        ...odd.map((body) => ({ body, type: "text/plain" }))
      ]
      const statuses = yield* Effect.forEach(bodies, (body) => post(`${name}/chave-que-nao-existe`, body))
      assert.deepStrictEqual([...new Set(statuses)], [200])
      yield* judged
      assert.strictEqual((yield* sql`select 1 from payments`).length, 0)
    }).pipe(Effect.provide(room({})))
  )

  it.live("is paid by a webhook that beats the answer to its creation", () =>
    Effect.gen(function* () {
      const { becomes, charged } = yield* setup
      const { paymentId } = yield* charged()
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
    }).pipe(Effect.provide(room({ autoPay: "before-response" })))
  )

  it.live("is paid although nobody knew whether it was made", () =>
    Effect.gen(function* () {
      const { becomes, bot, checkout, sql, till } = yield* setup
      yield* till.failNext("create", { kind: "reset", applied: true })
      const error = yield* Effect.flip(checkout.open(requestFor(bot)))
      assert.strictEqual(error._tag === "CheckoutError" ? error.reason._tag : error._tag, "CheckoutUncertain")
      const [row] = yield* sql<{ id: number; status: string }>`select id, status from payments`
      assert.strictEqual(row!.status, "unknown")
      const [charge] = yield* till.charges
      yield* till.pay(charge!.id)
      assert.deepStrictEqual(yield* becomes(row!.id, "paid"), paidFacts)
    }).pipe(Effect.provide(room({})))
  )

  it.live("tells a refusal, a bad credential and a bad day apart, and charges nobody twice", () =>
    Effect.gen(function* () {
      const { bot, checkout, sql, till } = yield* setup
      let priceCents = 1000
      const failWith = (answer: Parameters<typeof till.failNext>[1]) =>
        Effect.gen(function* () {
          yield* till.failNext("create", answer)
          const error = yield* Effect.flip(checkout.open(requestFor(bot, { priceCents: priceCents++ })))
          return error._tag === "CheckoutError" ? error.reason._tag : error._tag
        })
      const http = (status: number) => failWith({ kind: "http", status, body: { message: "não" } })
      assert.deepStrictEqual(
        [yield* http(400), yield* http(422), yield* http(403)],
        ["CheckoutRefused", "CheckoutRefused", "CheckoutRefused"]
      )
      assert.strictEqual(yield* http(429), "CheckoutUnavailable")
      assert.strictEqual(yield* http(500), "CheckoutUncertain")
      assert.strictEqual(yield* failWith({ kind: "html", status: 200 }), "CheckoutUncertain")
      assert.strictEqual(yield* failWith({ kind: "truncated" }), "CheckoutUncertain")
      yield* till.revoke
      const error = yield* Effect.flip(checkout.open(requestFor(bot, { priceCents: 5000 })))
      assert.match(error.message, /credencial/)
      const rows = yield* sql<{ status: string }>`select status from payments order by id`
      assert.deepStrictEqual(
        rows.map(({ status }) => status),
        ["failed", "failed", "failed", "failed", "unknown", "unknown", "unknown", "failed"]
      )
      assert.strictEqual((yield* till.charges).length, 1)
    }).pipe(Effect.provide(room({})))
  )

  it.live("is given back after it was paid, in whatever order the two are told", () =>
    Effect.gen(function* () {
      const { becomes, charged, till } = yield* setup
      const first = yield* charged()
      yield* till.pay(first.charge)
      yield* becomes(first.paymentId, "paid")
      yield* till.refund(first.charge)
      assert.deepStrictEqual(yield* becomes(first.paymentId, "refunded"), { ...paidFacts, status: "refunded" })

      yield* till.configure({ holdWebhooks: true })
      const second = yield* charged(1)
      yield* till.pay(second.charge)
      yield* till.refund(second.charge)
      yield* till.release({ reverse: true })
      assert.deepStrictEqual(yield* becomes(second.paymentId, "refunded"), { ...paidFacts, status: "refunded" })
    }).pipe(Effect.provide(room({})))
  )

  it.live("is disputed after it was paid, where the gateway tells of it", () =>
    Effect.gen(function* () {
      const { becomes, charged, till } = yield* setup
      if (Option.isNone(till.dispute)) return
      const { charge, paymentId } = yield* charged()
      yield* till.pay(charge)
      yield* becomes(paymentId, "paid")
      yield* till.dispute.value(charge)
      assert.deepStrictEqual(yield* becomes(paymentId, "charged_back"), { ...paidFacts, status: "charged_back" })
    }).pipe(Effect.provide(room({})))
  )

  it.live("is paid although it had expired", () =>
    Effect.gen(function* () {
      const { becomes, charged, sql, till } = yield* setup
      const { charge, paymentId } = yield* charged()
      yield* sql`update payments set expires_at = now() - interval '1 second', next_check_at = now()`
      yield* becomes(paymentId, "expired")
      yield* till.pay(charge)
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
      assert.strictEqual(yield* till.violations, 0)
    }).pipe(Effect.provide(room({})))
  )

  it.live("is found paid within its deadline when no webhook comes, by the first question", () =>
    Effect.gen(function* () {
      const { becomes, charged, sql, till } = yield* setup
      const { charge, paymentId } = yield* charged()
      const [due] = yield* sql<{ seconds: number }>`
        select extract(epoch from next_check_at - now())::float8 as seconds from payments`
      assert.isAtMost(due!.seconds, deadlineSeconds - 2)
      yield* till.pay(charge)
      yield* secondsPass(deadlineSeconds - 2)
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
      assert.strictEqual((yield* till.charge(charge)).queries, 1)
      assert.strictEqual(yield* till.violations, 0)
    }).pipe(Effect.provide(room({ dropWebhooks: true })))
  )

  it.live.each(["1 minute", "30 minutes", "59 minutes"])("is asked for again within its deadline at %s", (age) =>
    Effect.gen(function* () {
      const { charged, sql, gateway, till } = yield* setup
      const { charge } = yield* charged()
      yield* sql`
        update payments set created_at = now() - ${age}::text::interval, expires_at = now() + interval '2 hours',
          next_check_at = now()`
      yield* eventually(till.charge(charge), ({ queries }) => queries === 1)
      const [next] = yield* sql<{ seconds: number }>`
        select extract(epoch from next_check_at - now())::float8 as seconds from payments`
      assert.isAtMost(next!.seconds, deadlineSeconds - 1)
      assert.isAtLeast(next!.seconds, gateway.capabilities.secondsBetweenQueries - 1)
    }).pipe(Effect.provide(room({ dropWebhooks: true })))
  )

  it.live("is not asked for more often than its rule allows, whoever wants to know", () =>
    Effect.gen(function* () {
      const { bot, charged, post, sql, till } = yield* setup
      const reconciliation = yield* Reconciliation
      const { charge, paymentId } = yield* charged()
      const verify = reconciliation.verify(paymentId, ana.telegramId, bot.id)
      yield* Effect.all([verify, verify, post(name, till.forged(charge, 990)), verify], { concurrency: "unbounded" })
      // The rest is time for a busy machine.
      yield* secondsPass(Math.floor(ruleSeconds * 0.7))
      yield* sql`update payments set next_check_at = now()`
      yield* verify
      // Its own question is answered after every other charge that was due with it had its turn.
      const second = yield* charged(1)
      yield* sql`update payments set next_check_at = now() where id = ${second.paymentId}`
      yield* eventually(till.charge(second.charge), ({ queries }) => queries === 1)
      assert.strictEqual((yield* till.charge(charge)).queries, 1)
      assert.strictEqual(yield* till.violations, 0)
    }).pipe(Effect.provide(room({ dropWebhooks: true })))
  )

  it.live("is paid after the gateway had been away", () =>
    Effect.gen(function* () {
      const { becomes, charged, sql, till } = yield* setup
      const { charge, paymentId } = yield* charged()
      yield* till.failNext("query", { kind: "html" })
      yield* till.failNext("query", { kind: "reset" })
      yield* till.pay(charge)
      for (const times of [1, 2]) {
        yield* secondsPass(deadlineSeconds)
        yield* eventually(
          sql`select 1 from payments where check_count = ${times} and checked_at <= now()`,
          (rows) => rows.length === 1
        )
      }
      yield* secondsPass(deadlineSeconds)
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
    }).pipe(Effect.provide(room({ ...unasked, dropWebhooks: true })))
  )
})
