import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { Config } from "../../src/config.ts"
import { Checkout } from "../../src/payments/Checkout.ts"
import { Gateways } from "../../src/payments/Gateways.ts"
import { SandboxSyncPay } from "../../src/sandbox/syncpay/SandboxSyncPay.ts"
import { ask } from "../sandbox/support.ts"
import { eventsInbox, eventually, factsOf, openBotAt, requestFor, Room, secondsPass, syncPayments } from "./room.ts"

const paidFacts = { status: "paid", created: 1, paid: 1, deliveries: 1, has_paid: true }

const setup = Effect.gen(function* () {
  const bank = yield* SandboxSyncPay
  const checkout = yield* Checkout
  const sql = yield* SqlClient.SqlClient
  const { answers, log, url } = yield* Room
  const bot = yield* openBotAt("syncpay")
  const charged = Effect.fnUntraced(function* (telegramId: number = 1) {
    const { paymentId } = yield* checkout.open(requestFor(bot, { telegramId }))
    const [row] = yield* sql<{ charge: string }>`
      select gateway_charge_id as charge from payments where id = ${paymentId}`
    return { paymentId, charge: row!.charge }
  })
  const becomes = (paymentId: number, wanted: string) =>
    eventually(factsOf(paymentId), ({ status }) => status === wanted)
  const kept = sql<{
    text: string
  }>`select gateway_settings::text as text from gateway_settings where value is not null`
  const registered = eventually(kept, (rows) => rows.length === 1)
  const money = Effect.map(sql`select fee_cents, net_cents, payer_name, end_to_end_id from payments`, ([row]) => row!)
  return { bank, sql, answers, log, url: `${url}syncpay`, charged, becomes, registered, money }
})

const accountOnly = { ignoreWebhookUrl: true, notifyCreated: false }

describe("SyncPay's account webhook", () => {
  it.live("is registered at the start, its token kept sealed, and believed by every process from then on", () =>
    Effect.gen(function* () {
      const { answers, bank, becomes, charged, log, registered, sql, url } = yield* setup
      const [row] = yield* registered
      const [hook, ...others] = yield* bank.webhooks
      assert.deepInclude(hook, { url, event: "transaction" })
      assert.lengthOf(others, 0)
      assert.notInclude(row!.text, hook!.token)

      const { charge, paymentId } = yield* charged()
      // No question allowed now: only the signature can prove it.
      yield* sql`update payments set checked_at = now()`
      yield* bank.pay(charge)
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
      assert.strictEqual((yield* bank.charge(charge)).queries, 0)
      assert.deepStrictEqual(
        (yield* eventsInbox).map(({ proof, state }) => `${state} ${proof}`),
        ["done signed"]
      )
      // Said after the row was written.
      assert.lengthOf(
        log.filter((line) => line.includes("[WEBHOOK] Endereço registrado na syncpay")),
        1
      )

      yield* bank.clear
      const again = Context.get(yield* Layer.build(Layer.fresh(Gateways.layer)), Gateways)
      yield* bank.waitForCall(({ operation }) => operation === "webhooks")
      const [delivery] = yield* Effect.andThen(bank.resend(charge), bank.deliveries)
      const reading = yield* Option.getOrThrow(again.get("syncpay")).readWebhook({
        headers: delivery!.headers,
        query: "",
        body: new TextEncoder().encode(delivery!.body)
      })
      assert.deepStrictEqual([reading.proof, reading.events[0]?.id], ["signed", charge])
      assert.lengthOf(yield* bank.webhooks, 1)
      assert.deepStrictEqual([...new Set(answers)], [200])
    }).pipe(Effect.scoped, Effect.provide(syncPayments({ bank: accountOnly })))
  )

  it.live("with a forged, an altered or an old signature is refused, kept, and moves nothing", () =>
    Effect.gen(function* () {
      const { bank, becomes, charged, log, registered, url } = yield* setup
      yield* registered
      const { charge, paymentId } = yield* charged()
      yield* bank.configure({ signatureSkewSeconds: -301, holdWebhooks: true })
      yield* bank.pay(charge)
      yield* bank.release()
      const old = (yield* bank.deliveries)[0]!
      assert.strictEqual(old.answered, 401)
      const altered = old.body.replace('"amount":9.9', '"amount":99.9')
      assert.notStrictEqual(altered, old.body)
      for (const [body, signature] of [
        [altered, old.headers["x-syncpay-signature"]],
        [old.body, `t=${Math.floor(Date.now() / 1000)},v1=${"0".repeat(64)}`]
      ] as const) {
        const { status } = yield* ask(url, { body, headers: { "x-syncpay-signature": signature ?? "" } })
        assert.strictEqual(status, 401)
      }
      assert.strictEqual((yield* factsOf(paymentId)).status, "pending")
      assert.deepStrictEqual([...new Set((yield* eventsInbox).map(({ state }) => state))], ["refused"])
      // One line per second: whoever posts them does not fill the log.
      const lines = log.filter((line) => line.includes("Um aviso de pagamento foi recusado"))
      assert.isTrue(lines.length >= 1 && lines.length <= 3)

      // The same words under a good signature are heard.
      yield* bank.configure({ signatureSkewSeconds: 0, holdWebhooks: false })
      yield* bank.resend(charge)
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
    }).pipe(Effect.provide(syncPayments({ bank: { ...accountOnly, timeScale: 1 } })))
  )

  it.live.each(["old", "new"] as const)("in the %s form of its bearer contract tells fee and payer", (cashinShape) =>
    Effect.gen(function* () {
      const { bank, becomes, charged, money, registered, sql } = yield* setup
      yield* registered
      assert.deepStrictEqual(
        (yield* bank.webhooks).map(({ event }) => event),
        ["all"]
      )
      const { charge, paymentId } = yield* charged()
      yield* bank.withdraw(990)
      yield* bank.pay(charge, { name: "Ana Sousa" })
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
      const { endToEndId } = yield* bank.charge(charge)
      // The query alone, in its first version, says none of this.
      assert.deepStrictEqual(yield* money, {
        fee_cents: 99,
        net_cents: 891,
        payer_name: "Ana Sousa",
        end_to_end_id: endToEndId
      })
      const events = yield* eventsInbox
      assert.deepStrictEqual(
        events.map(({ state }) => state),
        ["done", "done"]
      )
      const stored = yield* sql<{ text: string }>`select gateway_events::text as text from gateway_events`
      const [hook] = yield* bank.webhooks
      for (const { text } of stored) assert.notInclude(text, hook!.token)

      yield* secondsPass(30)
      yield* bank.dispute(charge)
      assert.deepStrictEqual(yield* becomes(paymentId, "charged_back"), { ...paidFacts, status: "charged_back" })
    }).pipe(
      Effect.provide(
        syncPayments({ bank: { ...accountOnly, cashinShape, acceptedEvents: ["cashin", "all"], queryWindowMs: 0 } })
      )
    )
  )

  it.live("that beats the answer to a charge's creation is kept until somebody knows whom it means", () =>
    Effect.gen(function* () {
      const { becomes, charged, registered } = yield* setup
      yield* registered
      const { paymentId } = yield* charged()
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
    }).pipe(Effect.provide(syncPayments({ bank: { ...accountOnly, autoPay: "before-response" } })))
  )

  it.live("that cannot be registered is one sentence, and payments go on", () =>
    Effect.gen(function* () {
      const { bank, becomes, charged, log } = yield* setup
      yield* eventually(
        Effect.sync(() =>
          log.filter((line) => line.includes("Não consegui registrar o endereço de avisos na syncpay"))
        ),
        ([line]) => line?.includes("WARN") === true && line.includes("event selecionado é inválido")
      )
      const { charge, paymentId } = yield* charged()
      yield* bank.pay(charge)
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
    }).pipe(Effect.provide(syncPayments({ bank: { acceptedEvents: [] } })))
  )

  it.live("whose token cannot be opened any more is registered anew", () =>
    Effect.gen(function* () {
      const { bank, registered, sql } = yield* setup
      yield* registered
      const [first] = yield* bank.webhooks
      const [old] = yield* sql<{ value: string }>`select value from gateway_settings`
      const config = yield* Config
      const other = yield* Layer.build(
        Layer.fresh(Gateways.layer).pipe(
          Layer.provide(
            Config.layerFrom({
              ADMIN_TOKEN: "senha-de-teste-0123456789",
              ENCRYPTION_KEY: "cd".repeat(32),
              PUBLIC_URL: Option.getOrThrow(config.publicUrl),
              SYNCPAY_URL: bank.url,
              SYNCPAY_CLIENT_ID: (yield* bank.credential).clientId,
              SYNCPAY_CLIENT_SECRET: (yield* bank.credential).clientSecret
            })
          )
        )
      )
      assert.isTrue(Option.isSome(Context.get(other, Gateways).get("syncpay")))
      yield* eventually(
        sql<{ value: string }>`select value from gateway_settings`,
        ([row]) => row!.value !== old!.value
      )
      const hooks = yield* bank.webhooks
      assert.strictEqual(hooks.length, 1)
      assert.notStrictEqual(hooks[0]?.id, first?.id)
    }).pipe(Effect.scoped, Effect.provide(syncPayments()))
  )

  it.live("of two processes that start together is registered once", () =>
    Effect.gen(function* () {
      const { bank, registered, sql } = yield* setup
      yield* registered
      yield* sql`delete from gateway_settings`
      for (const { id } of yield* bank.webhooks) yield* deleteHook(bank, id)
      yield* bank.clear
      yield* Effect.all(
        Array.from({ length: 4 }, () => Layer.build(Layer.fresh(Gateways.layer))),
        { concurrency: "unbounded" }
      )
      yield* registered
      const made = (yield* bank.calls).filter(({ operation, status }) => operation === "webhooks" && status === 201)
      assert.strictEqual(made.length, 1)
      assert.lengthOf(yield* bank.webhooks, 1)
    }).pipe(Effect.scoped, Effect.provide(syncPayments({ bank: { tokensPerMinute: 100 } })))
  )
})

describe("SyncPay without webhooks", () => {
  it.live("is asked in the version that its account has, under the id that it was given", () =>
    Effect.gen(function* () {
      const { bank, becomes, charged, money } = yield* setup
      const { charge, paymentId } = yield* charged()
      yield* bank.pay(charge)
      yield* secondsPass(28)
      assert.deepStrictEqual(yield* becomes(paymentId, "paid"), paidFacts)
      assert.deepInclude(yield* money, { fee_cents: 99, net_cents: 891 })
      assert.strictEqual(yield* bank.violations, 0)
    }).pipe(Effect.provide(syncPayments({ bank: { dropWebhooks: true, queryVersion: "v2", otherReference: true } })))
  )
})

const deleteHook = Effect.fnUntraced(function* (bank: SandboxSyncPay["Service"], id: number) {
  const { clientId, clientSecret } = yield* bank.credential
  const api = `${bank.url}/api/partner/v1`
  const granted = yield* ask(`${api}/auth-token`, { body: { client_id: clientId, client_secret: clientSecret } })
  const headers = { authorization: `Bearer ${granted.json.access_token}` }
  yield* ask(`${api}/webhooks/${id}`, { method: "DELETE", headers })
})
