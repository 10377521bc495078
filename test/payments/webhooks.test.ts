import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Checkout } from "../../src/payments/Checkout.ts"
import { Reconciliation } from "../../src/payments/Reconciliation.ts"
import { WebhookInbox } from "../../src/payments/WebhookInbox.ts"
import { GatewayEventsRepo } from "../../src/repo/GatewayEventsRepo.ts"
import { SandboxPushinPay } from "../../src/sandbox/pushinpay/SandboxPushinPay.ts"
import { SandboxSyncPay } from "../../src/sandbox/syncpay/SandboxSyncPay.ts"
import { ask } from "../sandbox/support.ts"
import {
  ana,
  eventsInbox,
  eventually,
  factsOf,
  openBot,
  overdueEvents,
  payments,
  requestFor,
  Room,
  timePasses,
  twoGateways
} from "./room.ts"

const form = "application/x-www-form-urlencoded"

const setup = Effect.gen(function* () {
  const room = yield* Room
  const bank = yield* SandboxPushinPay
  const checkout = yield* Checkout
  const sql = yield* SqlClient.SqlClient
  const bot = yield* openBot
  const post = (path: string, body: string, headers: Record<string, string> = {}) =>
    Effect.map(ask(room.url + path, { body, headers: { "content-type": form, ...headers } }), ({ status }) => status)
  const charged = Effect.gen(function* () {
    const { paymentId } = yield* checkout.open(requestFor(bot))
    const [row] = yield* sql<{ charge: string; key: string }>`
      select gateway_charge_id as charge, webhook_key as key from payments where id = ${paymentId}`
    return { paymentId, ...row! }
  })
  const settled = eventually(eventsInbox, (events) => events.every(({ state }) => state !== "waiting"))
  return { room, bank, checkout, sql, bot, post, charged, settled }
})

const paidFacts = { status: "paid", created: 1, paid: 1, deliveries: 1, has_paid: true }
const untouched = { status: "pending", created: 1, paid: 0, deliveries: 0, has_paid: false }

describe("a payment webhook", () => {
  it.live("that comes 20 times, to two processes, has one effect and costs one question at most", () =>
    Effect.gen(function* () {
      const { room, bank, sql, charged, settled } = yield* setup
      const { paymentId, charge, key } = yield* charged
      const other = Context.get(yield* Layer.build(Layer.fresh(WebhookInbox.layer)), WebhookInbox)
      const body = new TextEncoder().encode(`id=${charge}&status=paid&value=990&end_to_end_id=E1`)
      yield* bank.configure({ webhookCopies: 20, webhookParallel: true })
      yield* Effect.all(
        [
          bank.pay(charge),
          ...Array.from({ length: 20 }, () =>
            other.receive("pushinpay", { headers: {}, query: "", body, pathKey: key, requestId: "outro" })
          )
        ],
        { concurrency: "unbounded" }
      )
      const facts = yield* eventually(factsOf(paymentId), ({ status }) => status === "paid")
      assert.deepStrictEqual(facts, paidFacts)
      const events = yield* settled
      assert.deepStrictEqual(
        events.map(({ state, received_count }) => `${state} ${received_count}`),
        ["done 20", "done 20"]
      )
      assert.isAtMost((yield* bank.charge(charge)).queries, 1)
      assert.strictEqual(yield* bank.violations, 0)
      assert.deepStrictEqual([...new Set(room.answers)], [200])
      const [row] = yield* sql`select paid_at, payer_name, end_to_end_id, next_check_at from payments`
      assert.isNotNull(row!["paid_at"])
      assert.isNull(row!["next_check_at"])
      assert.strictEqual(row!["payer_name"], "Fulano de Tal")
      const lines = room.log.filter((line) => line.includes("[PIX_PAID]"))
      assert.strictEqual(lines.length, 1)
      assert.match(
        lines[0]!,
        /\[PAYMENT\]\[PIX_PAID\] bot=vip user=7205343917 valor=9\.90 status=paid \| .*latency_ms=/
      )
    }).pipe(Effect.scoped, Effect.provide(payments()))
  )

  it.live("that is forged moves nothing, is given up on with one line, and does not stop the true one", () =>
    Effect.gen(function* () {
      const { room, bank, post, charged } = yield* setup
      const inbox = yield* WebhookInbox
      const { paymentId, charge } = yield* charged
      const forged = `id=${charge}&status=paid&value=990&end_to_end_id=E1`
      assert.strictEqual(yield* post("pushinpay", forged), 200)
      assert.strictEqual(yield* post("pushinpay/um-segredo-inventado", forged), 200)
      for (let minute = 0; minute < 8; minute++) {
        yield* eventually(overdueEvents, (overdue) => overdue === 0)
        yield* timePasses
        yield* inbox.wake
      }
      const events = yield* eventually(eventsInbox, (all) => all.every(({ state }) => state === "refused"))
      assert.strictEqual(events.length, 2)
      assert.deepStrictEqual(yield* factsOf(paymentId), untouched)
      assert.strictEqual((yield* bank.charge(charge)).queries, 1, "a stranger spends one question in a charge's life")
      const given = room.log.filter((line) => line.includes("[RECUSADO]")).length
      assert.isTrue(given === 1 || given === 2, "one line each, or one for both within a second")
      assert.strictEqual(room.log.filter((line) => line.includes(" ERROR ")).length, 0)

      yield* bank.pay(charge)
      assert.deepStrictEqual(yield* eventually(factsOf(paymentId), ({ status }) => status === "paid"), paidFacts)
    }).pipe(Effect.provide(payments({ bank: { queryWindowMs: 0 } })))
  )

  it.live("that anybody could have written does not take the buyer's question away", () =>
    Effect.gen(function* () {
      const { bank, bot, post, charged, sql } = yield* setup
      const reconciliation = yield* Reconciliation
      const { paymentId, charge } = yield* charged
      const forged = (n: number) => post("pushinpay", `id=${charge}&status=paid&value=990&end_to_end_id=E${n}`)
      yield* forged(0)
      yield* eventually(bank.charge(charge), ({ queries }) => queries === 1)
      yield* timePasses
      // Reconciliation's own question is a long way off.
      yield* sql`update payments set next_check_at = now() + interval '1 hour'`
      yield* Effect.forEach([1, 2, 3, 4, 5], forged)
      yield* eventually(eventsInbox, (all) => all.length === 6 && all.every(({ error }) => error !== null))
      yield* bank.configure({ dropWebhooks: true })
      yield* bank.pay(charge)
      const status = yield* reconciliation.verify(paymentId, ana.telegramId, bot.id)
      assert.deepStrictEqual(status, Option.some("paid"))
      assert.strictEqual(yield* bank.violations, 0)
    }).pipe(Effect.provide(payments({ bank: { queryWindowMs: 0 } })))
  )

  it.live("of nobody, or about nothing, a hundred times over, leaves a few lines", () =>
    Effect.gen(function* () {
      const { room, post, settled } = yield* setup
      const hundred = Array.from({ length: 100 }, (_, n) => n)
      yield* Effect.forEach(hundred, (n) => post("pushinpay", `id=9d3f2b1a-0000-4222-8333-${n}&status=paid&value=1`), {
        concurrency: 10
      })
      yield* Effect.forEach(hundred, (n) => post("pushinpay", `nada=${n}`), { concurrency: 10 })
      assert.strictEqual((yield* settled).length, 200)
      const lines = room.log.filter((line) =>
        /fala de (uma cobrança que não é daqui|nenhuma cobrança)|não fala/.test(line)
      )
      assert.isAtLeast(lines.length, 2)
      assert.isAtMost(lines.length, 20)
    }).pipe(Effect.provide(payments()))
  )

  it.live("that says a charge waits, before we wrote it, is no news", () =>
    Effect.gen(function* () {
      const { room, post } = yield* setup
      yield* post("pushinpay", "id=9d3f2b1a-0000-4222-8333-444455556666&status=created&value=990")
      yield* eventually(eventsInbox, ([first]) => first?.state === "unmatched")
      assert.deepStrictEqual(
        room.log.filter((line) => line.includes("não é daqui")),
        []
      )
    }).pipe(Effect.provide(payments()))
  )

  it.live("with another value, or with the key of another charge, pays nothing and says so", () =>
    Effect.gen(function* () {
      const { room, sql, bot, checkout, post, charged, settled } = yield* setup
      const { paymentId, charge, key } = yield* charged
      const other = yield* checkout.open(requestFor(bot, { telegramId: 1 }))
      const [row] = yield* sql<{ key: string }>`select webhook_key as key from payments where id = ${other.paymentId}`
      yield* post(`pushinpay/${key}`, `id=${charge}&status=paid&value=1`)
      yield* post("pushinpay", `id=${charge}&status=paid&value=2`)
      // Signed by nobody, sent to the address of somebody else's charge: as good as no address at all.
      yield* post(`pushinpay/${row!.key}`, "id=9d3f2b1a-1111-4222-8333-444455556666&status=paid&value=990")
      const events = yield* settled
      assert.deepStrictEqual(
        events.map(({ state }) => state),
        ["refused", "refused", "refused"]
      )
      assert.deepStrictEqual(yield* factsOf(paymentId), untouched)
      assert.strictEqual((yield* factsOf(other.paymentId)).status, "pending")
      const errors = room.log.filter((line) => line.includes(" ERROR ")).toSorted()
      assert.strictEqual(errors.length, 2)
      assert.isTrue(errors.some((line) => /o valor confirmado \(0\.01\) não é o da cobrança; nada foi/.test(line)))
      assert.isTrue(errors.some((line) => /o valor do aviso não é o da cobrança; nada foi liberado/.test(line)))
      const [wrong] = yield* sql`select error from payments where id = ${paymentId}`
      assert.match(String(wrong!["error"]), /valor/)
    }).pipe(Effect.provide(payments()))
  )

  it.live("that came by another gateway than its charge's pays nothing and says so", () =>
    Effect.gen(function* () {
      const { room, sql, post, charged, settled } = yield* setup
      const { paymentId, charge, key } = yield* charged
      const body = JSON.stringify({ data: { idtransaction: charge, status: "PAID_OUT", amount: 9.9 } })
      yield* post("syncpay", body)
      yield* eventually(eventsInbox, ([event]) => event?.state === "refused")
      yield* post(`syncpay/${key}`, body)
      const events = yield* settled
      assert.deepStrictEqual(
        events.map(({ state, error }) => `${state}: ${error}`),
        Array.from({ length: 2 }, () => "refused: o aviso veio pela syncpay, e a cobrança é da pushinpay")
      )
      assert.deepStrictEqual(yield* factsOf(paymentId), untouched)
      const errors = room.log.filter((line) => line.includes(" ERROR "))
      assert.isNotEmpty(errors)
      assert.match(errors.at(-1)!, /o aviso veio pela syncpay, e a cobrança é da pushinpay; nada foi liberado/)
      const [row] = yield* sql`select error from payments where id = ${paymentId}`
      assert.match(String(row!["error"]), /o aviso veio pela syncpay/)
      const linked = yield* sql`select distinct payment_id as id from gateway_events`
      assert.deepStrictEqual(linked, [{ id: paymentId }])
    }).pipe(Effect.provide(twoGateways()))
  )

  it.live("that its gateway contradicts is not believed for being delivered again", () =>
    Effect.gen(function* () {
      const { bank, post, charged } = yield* setup
      const { paymentId, charge, key } = yield* charged
      const body = `id=${charge}&status=paid&value=990&end_to_end_id=E1`
      const judged = (times: number) =>
        eventually(
          eventsInbox,
          ([event]) => event?.received_count === times && event.error !== null && event.state === "waiting"
        )
      yield* post(`pushinpay/${key}`, body)
      yield* judged(1)
      assert.strictEqual((yield* bank.charge(charge)).queries, 1)
      yield* post(`pushinpay/${key}`, body)
      yield* judged(2)
      yield* eventually(overdueEvents, (overdue) => overdue === 0)
      assert.deepStrictEqual(yield* factsOf(paymentId), untouched)

      yield* bank.pay(charge)
      assert.deepStrictEqual(yield* eventually(factsOf(paymentId), ({ status }) => status === "paid"), paidFacts)
      assert.strictEqual(yield* bank.violations, 0)
    }).pipe(Effect.provide(payments()))
  )

  it.live("of one gateway does not wait behind those of another that does not answer", () =>
    Effect.gen(function* () {
      const { bank, bot, checkout, post, sql } = yield* setup
      const other = yield* SandboxSyncPay
      const silent = 10
      for (let person = 1; person <= silent; person++) {
        yield* checkout.open(requestFor(bot, { telegramId: person }))
      }
      yield* bank.fail({ operation: "query", answer: { kind: "timeout" }, times: silent })
      for (const { id } of yield* bank.charges) yield* post("pushinpay", `id=${id}&status=paid&value=990`)
      const asking = sql`select 1 from gateway_events where provider = 'pushinpay' and lease_until > now()`
      yield* eventually(asking, (rows) => rows.length >= 8)

      const { paymentId } = yield* checkout.open(requestFor({ ...bot, gateway: "syncpay" }))
      const [charge] = yield* other.charges
      yield* other.pay(charge!.id)
      yield* eventually(factsOf(paymentId), ({ status }) => status === "paid")
      assert.isAtLeast((yield* asking).length, 8, "the silent gateway is still being waited for")
    }).pipe(Effect.provide(twoGateways()))
  )

  it.live("at the charge's own address is believed while the gateway may not be asked, and when it is away", () =>
    Effect.gen(function* () {
      const { bank, sql, checkout, bot, charged } = yield* setup
      const { paymentId, charge } = yield* charged
      yield* sql`update payments set checked_at = now()`
      yield* bank.pay(charge)
      assert.deepStrictEqual(yield* eventually(factsOf(paymentId), ({ status }) => status === "paid"), paidFacts)
      assert.strictEqual((yield* bank.charge(charge)).queries, 0)

      const second = yield* checkout.open(requestFor(bot, { telegramId: 1 }))
      const [row] = yield* sql<{ charge: string }>`
        select gateway_charge_id as charge from payments where id = ${second.paymentId}`
      yield* bank.fail({ operation: "query", answer: { kind: "http", status: 500 }, times: 10 })
      yield* bank.pay(row!.charge)
      yield* eventually(factsOf(second.paymentId), ({ status }) => status === "paid")
      const events = yield* eventsInbox
      assert.deepStrictEqual(
        events.map(({ proof }) => proof),
        ["secret", "secret"]
      )
    }).pipe(Effect.provide(payments()))
  )

  it.live("without that address waits for the next question the gateway allows", () =>
    Effect.gen(function* () {
      const { bank, sql, post, charged } = yield* setup
      const { paymentId, charge } = yield* charged
      yield* sql`update payments set checked_at = now()`
      yield* bank.pay(charge)
      yield* post("pushinpay", `id=${charge.toUpperCase()}&status=paid&value=990`)
      yield* eventually(eventsInbox, ([event]) => event?.error !== null)
      assert.deepStrictEqual(yield* factsOf(paymentId), untouched)
      yield* timePasses
      assert.deepStrictEqual(yield* eventually(factsOf(paymentId), ({ status }) => status === "paid"), paidFacts)
      assert.strictEqual(yield* bank.violations, 0)
    }).pipe(Effect.provide(payments({ bank: { dropWebhooks: true } })))
  )

  it.live("that beats the answer to its charge's creation is applied", () =>
    Effect.gen(function* () {
      const { charged } = yield* setup
      const { paymentId } = yield* charged
      assert.deepStrictEqual(yield* eventually(factsOf(paymentId), ({ status }) => status === "paid"), paidFacts)
    }).pipe(Effect.provide(payments({ bank: { autoPay: "before-response" } })))
  )

  it.live("that beats it and names only the charge is kept and applied", () =>
    Effect.gen(function* () {
      const { bank, checkout, bot, post, settled } = yield* setup
      const opening = yield* Effect.forkChild(checkout.open(requestFor(bot)))
      const { id } = yield* bank.waitForCharge(() => true)
      yield* bank.pay(id)
      yield* post("pushinpay", `id=${id}&status=paid&value=990`)
      const [event] = yield* settled
      assert.strictEqual(event!.state, "unmatched")
      const { paymentId } = yield* Fiber.join(opening)
      assert.deepStrictEqual(yield* eventually(factsOf(paymentId), ({ status }) => status === "paid"), paidFacts)
    }).pipe(Effect.provide(payments({ bank: { latencyMs: 700, dropWebhooks: true } })))
  )

  it.live("of nobody, of no gateway or of no sense is answered and moves nothing", () =>
    Effect.gen(function* () {
      const { post, settled, sql } = yield* setup
      const statuses = yield* Effect.forEach(
        [
          ["pushinpay/chave-que-nao-existe", "id=9d3f2b1a-1111-4222-8333-444455556666&status=paid&value=990"],
          ["pushinpay", "{"],
          ["pushinpay", ""],
          ["pushinpay", '{"id":"\\u0000","status":"pa\\u0000id","payer_name":"\\ud800"}'],
          ["pushinpay/%00%00", "id=1&status=paid"],
          ["constructor", "id=1&status=paid"]
        ] as const,
        ([path, body]) => post(path, body)
      )
      assert.deepStrictEqual(statuses, [200, 200, 200, 200, 200, 404])
      const events = yield* settled
      assert.deepStrictEqual(
        events.map(({ state }) => state),
        ["unmatched", "done", "done", "unmatched", "unmatched"]
      )
      assert.strictEqual((yield* sql`select 1 from payments`).length, 0)
    }).pipe(Effect.provide(payments()))
  )

  it.live("with a wrong header is kept and refused; with the right one it is heard, even later", () =>
    Effect.gen(function* () {
      const { bank, post, charged, settled, sql } = yield* setup
      const { paymentId, charge } = yield* charged
      const body = `id=${charge}&status=paid&value=990`
      yield* bank.configure({ dropWebhooks: true })
      yield* bank.pay(charge)
      assert.strictEqual(yield* post("pushinpay", body, { "x-pushinpay-token": "errado" }), 401)
      assert.deepInclude((yield* settled)[0], { state: "refused", received_count: 1 })
      assert.strictEqual(yield* post("pushinpay", body, { "x-pushinpay-token": "segredo-do-painel" }), 200)
      yield* eventually(factsOf(paymentId), ({ status }) => status === "paid")
      const [event] = yield* sql<{ headers: unknown; text: string }>`
        select headers, gateway_events::text as text from gateway_events`
      assert.deepStrictEqual(event!.headers, { "content-type": form })
      assert.notInclude(event!.text, "segredo-do-painel")
    }).pipe(Effect.provide(payments({ env: { PUSHINPAY_WEBHOOK_TOKEN: "segredo-do-painel" } })))
  )

  it.live("whose processing died with its process is taken up again", () =>
    Effect.gen(function* () {
      const { bank, charged } = yield* setup
      const { paymentId, charge } = yield* charged
      const events = yield* GatewayEventsRepo
      yield* bank.configure({ dropWebhooks: true })
      yield* bank.pay(charge)
      yield* events.store({
        gateway: "pushinpay",
        sha256: "0".repeat(64),
        raw: new Uint8Array([1]),
        headers: {},
        query: "",
        pathKey: undefined,
        chargeId: charge,
        events: [{ id: charge, status: "paid", rawStatus: "paid", valueCents: 990 }],
        proof: "none",
        state: "waiting",
        error: undefined,
        requestId: "antes"
      })
      assert.deepStrictEqual(yield* eventually(factsOf(paymentId), ({ status }) => status === "paid"), paidFacts)
    }).pipe(Effect.provide(payments()))
  )

  it.live("of a refund, of a cancellation and of a late payment moves the payment accordingly", () =>
    Effect.gen(function* () {
      const { bank, sql, checkout, bot, charged } = yield* setup
      const first = yield* charged
      yield* bank.pay(first.charge)
      yield* eventually(factsOf(first.paymentId), ({ status }) => status === "paid")
      yield* timePasses
      yield* bank.refund(first.charge)
      const refunded = yield* eventually(factsOf(first.paymentId), ({ status }) => status === "refunded")
      assert.deepStrictEqual(refunded, { ...paidFacts, status: "refunded" })

      const second = yield* checkout.open(requestFor(bot, { telegramId: 1 }))
      const [row] = yield* sql<{ charge: string }>`
        select gateway_charge_id as charge from payments where id = ${second.paymentId}`
      yield* bank.cancel(row!.charge)
      yield* eventually(factsOf(second.paymentId), ({ status }) => status === "canceled")
      yield* timePasses
      yield* bank.pay(row!.charge)
      const late = yield* eventually(factsOf(second.paymentId), ({ status }) => status === "paid")
      assert.deepStrictEqual(late, paidFacts)
    }).pipe(Effect.provide(payments({ bank: { queryWindowMs: 0 } })))
  )

  it.live("for a charge of the older system pays it, with its words and columns", () =>
    Effect.gen(function* () {
      const { bank, sql, bot, post } = yield* setup
      const client = yield* Checkout
      const made = yield* client.open(requestFor(bot, { telegramId: 99 }))
      const [own] = yield* sql<{ charge: string }>`
        select gateway_charge_id as charge from payments where id = ${made.paymentId}`
      yield* sql`delete from payments`
      const [user] = yield* sql<{ id: number }>`
        insert into bot_users (bot_id, telegram_id) values (${bot.id}, ${ana.telegramId}) returning id`
      const [old] = yield* sql<{ id: number }>`
        insert into payments (transaction_id, provider, gateway, gateway_charge_id, status, value_cents, bot_id,
          bot_user_id, meta)
        values ('v3-1', 'pushinpay', 'pushinpay', ${own!.charge.toUpperCase()}, 'created', 990, ${bot.id}, ${user!.id},
          '{"planName":"Antigo"}')
        returning id`
      yield* bank.pay(own!.charge)
      yield* post("pushinpay", `id=${own!.charge}&status=paid&value=990`)
      yield* eventually(factsOf(old!.id), ({ status }) => status === "paid")
      const [event] = yield* sql`select * from funnel_events where payment_id = ${old!.id}`
      assert.deepInclude(event, {
        event_id: `pix_paid:payment:${old!.id}`,
        event_name: "pix_paid",
        bot_slug: "vip",
        bot_user_id: user!.id,
        telegram_id: ana.telegramId,
        price_cents: 990
      })
      const [delivery] = yield* sql`select destination, telegram_id, bot_id, dedupe_key from outbox`
      assert.deepStrictEqual(delivery, {
        destination: "telegram",
        telegram_id: ana.telegramId,
        bot_id: bot.id,
        dedupe_key: `delivery:${old!.id}`
      })
      const [person] = yield* sql`select has_paid from bot_users where id = ${user!.id}`
      assert.strictEqual(person!["has_paid"], true)
    }).pipe(Effect.provide(payments({ bank: { dropWebhooks: true } })))
  )
})
