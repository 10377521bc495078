import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { TestDatabase, testDatabaseUrl } from "../support/postgres.ts"
import { eventually, type ServiceProcess, startService } from "../support/service.ts"
import { ana, botToken, openShop, sentTo } from "../support/shop.ts"

const secretOf = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ secret: string }>`select webhook_secret_token as secret from bots where slug = 'vip'`
  return row!.secret
})

const hook = (service: ServiceProcess, secret: string, update: unknown) =>
  service.request("POST", "/tg/vip/webhook", update, { "x-telegram-bot-api-secret-token": secret })

const startUpdate = (updateId: number) => ({
  update_id: updateId,
  message: {
    message_id: updateId,
    date: 1_763_000_000,
    chat: { id: ana.id, type: "private", first_name: ana.first_name },
    from: { ...ana, is_bot: false },
    text: "/start"
  }
})

const settled = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* eventually(
    sql<{ open: number }>`select count(*) as open from telegram_updates where state <> 1`,
    ([row]) => row?.open === 0,
    // Eight greetings to one chat leave one per second, and the machine may be busy besides.
    25
  )
})

const setting = Effect.gen(function* () {
  const sandbox = yield* Sandbox
  const service = yield* startService({ env: { ...sandbox.env, DATABASE_URL: yield* testDatabaseUrl } })
  yield* openShop(service, sandbox)
  yield* sandbox.telegram.person(ana)
  return { sandbox, service, sql: yield* SqlClient.SqlClient }
})

const layers = Layer.merge(
  Sandbox.layerWith({ telegram: { timeScale: 0.01, acceptUnknownChats: true } }),
  TestDatabase.layer
)

describe("whatever comes many times has one effect", () => {
  it.live("20 identical updates", () =>
    Effect.gen(function* () {
      const { sandbox, service, sql } = yield* setting
      const secret = yield* secretOf
      const answers = yield* Effect.all(
        Array.from({ length: 20 }, () => hook(service, secret, startUpdate(77))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([...new Set(answers.map((answer) => `${answer.status}${answer.text}`))], ["200"])
      yield* settled
      const sent = (yield* sandbox.telegram.calls).filter(sentTo(ana.id, /Olá Ana/))
      assert.strictEqual(sent.length, 1)
      const events = yield* sql`select 1 from funnel_events where event_name = 'bot_start'`
      assert.strictEqual(events.length, 1)
    }).pipe(Effect.provide(layers))
  )

  it.live("8 simultaneous first /starts of one person: one person, nobody unanswered, nothing stuck", () =>
    Effect.gen(function* () {
      const { sandbox, service, sql } = yield* setting
      const secret = yield* secretOf
      const answers = yield* Effect.all(
        Array.from({ length: 8 }, (_, i) => hook(service, secret, startUpdate(100 + i))),
        { concurrency: "unbounded" }
      )
      assert.isTrue(answers.every((answer) => answer.status === 200))
      yield* settled
      const people = yield* sql`select 1 from bot_users`
      assert.strictEqual(people.length, 1)
      const sent = (yield* sandbox.telegram.calls).filter(sentTo(ana.id, /Olá Ana/))
      assert.isAtLeast(sent.length, 1)
      assert.notInclude(service.log, "ERROR")
    }).pipe(Effect.provide(layers))
  )

  it.live("20 identical payment webhooks", () =>
    Effect.gen(function* () {
      const { sandbox, sql } = yield* setting
      const { telegram, pushinpay } = sandbox
      yield* telegram.sendText(botToken, ana, "/start")
      yield* telegram.waitFor(sentTo(ana.id, /Olá Ana/))
      yield* telegram.press(botToken, ana, "Quero o mensal")
      const charge = yield* pushinpay.waitForCharge(() => true)
      yield* telegram.waitFor(sentTo(ana.id, /<code>/))
      yield* pushinpay.configure({ webhookCopies: 20, webhookParallel: true })
      yield* pushinpay.pay(charge.id)
      yield* telegram.waitFor(sentTo(ana.id, /Seu acesso/))
      yield* eventually(
        sql<{ waiting: number }>`select count(*) as waiting from gateway_events where state = 'waiting'`,
        ([row]) => row?.waiting === 0
      )
      const counts = yield* sql<{ paid: number; events: number; outbox: number }>`
        select (select count(*) from payments where status = 'paid') as paid,
          (select count(*) from funnel_events where event_name = 'pix_paid') as events,
          (select count(*) from outbox where destination = 'telegram') as outbox`
      assert.deepStrictEqual(counts[0], { paid: 1, events: 1, outbox: 1 })
      assert.strictEqual((yield* telegram.calls).filter(sentTo(ana.id, /Seu acesso/)).length, 1)
      assert.strictEqual(yield* pushinpay.violations, 0)
    }).pipe(Effect.provide(layers))
  )

  it.live("a forged payment and one of an unknown charge: nothing", () =>
    Effect.gen(function* () {
      const { sandbox, service, sql } = yield* setting
      const { telegram, pushinpay } = sandbox
      yield* telegram.sendText(botToken, ana, "/start")
      yield* telegram.waitFor(sentTo(ana.id, /Olá Ana/))
      yield* telegram.press(botToken, ana, "Quero o mensal")
      const charge = yield* pushinpay.waitForCharge(() => true)
      yield* telegram.waitFor(sentTo(ana.id, /<code>/))
      const path = "/api/payments/webhook/pushinpay"
      const forged = yield* service.request("POST", path, { id: charge.id, status: "paid", value: 1990 })
      const unknown = yield* service.request("POST", path, {
        id: "9d3f2b1a-0000-4222-8333-444455556666",
        status: "paid",
        value: 1
      })
      assert.deepStrictEqual([forged.status, unknown.status], [200, 200])
      yield* pushinpay.waitForCall((call) => call.operation === "query")
      const events = yield* eventually(
        sql<{ state: string }>`select state from gateway_events`,
        (rows) => rows.length === 2 && rows.every((row) => row.state !== "done")
      )
      assert.strictEqual(events.length, 2)
      const [payment] = yield* sql<{ status: string }>`select status from payments`
      assert.strictEqual(payment?.status, "pending")
    }).pipe(Effect.provide(layers))
  )
})
