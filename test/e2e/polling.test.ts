import { assert, layer } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { SqlClient } from "effect/sql"
import type { Call } from "../../src/sandbox/telegram/CallLog.ts"
import { HarnessError, startService } from "../support/service.ts"
import { ana, botToken, openShop, orderPix, sentTo } from "../support/shop.ts"
import { settled } from "../support/updates.ts"
import { World } from "../support/world.ts"

/** What another program does with a bot's token. */
const askTelegram = Effect.fnUntraced(function* (token: string, method: string, payload: object = {}) {
  const { sandbox } = yield* World
  return yield* Effect.tryPromise({
    try: async () => {
      const body = JSON.stringify(payload)
      const headers = { "content-type": "application/json" }
      const answer = await fetch(`${sandbox.telegram.url}/bot${token}/${method}`, { method: "POST", headers, body })
      return (await answer.json()) as { readonly result: { readonly url?: string } }
    },
    catch: (error) => new HarnessError({ message: String(error) })
  })
})

/** An answer of getUpdates in which this person's message was handed over. */
const handedOver = (personId: number) => (call: Call) =>
  call.method === "getUpdates" && JSON.stringify(call.response).includes(`"id":${personId}`)

layer(World.layerWith({ publicUrl: false }), { excludeTestServices: true, timeout: "60 seconds" })(
  "without PUBLIC_URL",
  (it) => {
    it.effect("a buyer gets from /start to the product", () =>
      Effect.gen(function* () {
        const { sandbox, service } = yield* World
        const sql = yield* SqlClient.SqlClient
        const { pushinpay, telegram } = sandbox
        yield* service.wrote(/INFO .*Sem PUBLIC_URL: os bots buscam as mensagens direto no Telegram/)
        const charge = yield* orderPix(sandbox, ana)
        assert.isNull(charge.webhookUrl)
        yield* telegram.waitFor(handedOver(ana.id))
        assert.deepStrictEqual(yield* telegram.deliveries, [])

        const early = yield* telegram.press(botToken, ana, "✅ Já paguei")
        const notYet = yield* telegram.waitFor((call) => call.params["callback_query_id"] === early.queryId)
        assert.match(String(notYet.params["text"]), /^Ainda não recebemos a confirmação/)
        assert.isFalse((yield* telegram.calls).some(sentTo(ana.id, /Seu acesso/)))

        // The rule allows one question a minute; the next one may be asked a minute ago.
        yield* pushinpay.pay(charge.id)
        yield* sql`update payments set checked_at = checked_at - interval '2 minutes'`
        yield* pushinpay.configure({ queryWindowMs: 0 })
        const late = yield* telegram.press(botToken, ana, "✅ Já paguei")
        const paid = yield* telegram.waitFor((call) => call.params["callback_query_id"] === late.queryId)
        assert.strictEqual(paid.params["text"], "Pagamento confirmado! ✅")
        yield* telegram.waitFor(sentTo(ana.id, /Seu acesso, Ana/))
        assert.strictEqual(yield* settled, 0)
        assert.strictEqual((yield* telegram.calls).filter(sentTo(ana.id, /Seu acesso/)).length, 1)
      })
    )

    it.effect("a webhook of before is removed, and who waited for it is answered", () =>
      Effect.gen(function* () {
        const { sandbox, service } = yield* World
        const { telegram } = sandbox
        const token = "8240789013:AAHantes3nXq9vB7wZ5tR1yU8mP6sD4LEOBE"
        const person = { id: 7_500_000_001, first_name: "Bia" }
        yield* telegram.addBot({ token, username: "antes_bot" })
        yield* telegram.person(person)
        yield* askTelegram(token, "setWebhook", { url: "https://127.0.0.1:9/antes", secret_token: "antes" })
        assert.isNotEmpty((yield* askTelegram(token, "getWebhookInfo")).result.url)
        yield* telegram.sendText(token, person, "/start")
        yield* openShop(service, sandbox, "antes", token)
        yield* telegram.waitFor(sentTo(person.id, /Bia/))
        assert.strictEqual((yield* askTelegram(token, "getWebhookInfo")).result.url, "")
      })
    )

    it.effect("a paused bot answers nobody, then or after it goes on", () =>
      Effect.gen(function* () {
        const { sandbox, service } = yield* World
        const { telegram } = sandbox
        const [unheard, heard] = [{ id: 7_500_000_021 }, { id: 7_500_000_022 }]
        yield* Effect.forEach([unheard, heard], telegram.person)
        const patch = (active: boolean) => service.admin("PATCH", "/api/admin/bots/vip", { active })
        assert.strictEqual((yield* patch(false)).json.active, false)
        yield* telegram.sendText(botToken, unheard, "/start")
        assert.strictEqual((yield* patch(true)).json.active, true)
        yield* telegram.waitFor(
          (call) => call.method === "deleteWebhook" && call.params["drop_pending_updates"] === true
        )
        yield* telegram.sendText(botToken, heard, "/start")
        yield* telegram.waitFor(sentTo(heard.id, /Olá/))
        yield* settled
        const calls = yield* telegram.calls
        assert.isFalse(calls.some((call) => Number(call.params["chat_id"]) === unheard.id))
      })
    )

    it.effect(
      "kill -9 after getUpdates was answered loses nobody, committed or not",
      () =>
        Effect.gen(function* () {
          const { env, sandbox, service } = yield* World
          const sql = yield* SqlClient.SqlClient
          const { telegram } = sandbox
          const committed = { id: 7_500_000_011, first_name: "Caio" }
          const uncommitted = { id: 7_500_000_012, first_name: "Dora" }
          yield* Effect.forEach([committed, uncommitted], telegram.person)
          // The answer to one is on its way and never arrives; the other one's row cannot be written.
          yield* telegram.fail({ match: { chat: committed.id, method: "sendMessage" }, answer: { kind: "timeout" } })
          yield* telegram.sendText(botToken, committed, "/start")
          yield* telegram.waitFor((call) => call.status === 0 && Number(call.params["chat_id"]) === committed.id)
          yield* Effect.gen(function* () {
            yield* sql`lock table telegram_updates in share row exclusive mode`
            yield* telegram.sendText(botToken, uncommitted, "/start")
            yield* telegram.waitFor(handedOver(uncommitted.id))
            yield* service.stop("SIGKILL")
            // Else it would go through as soon as the lock is gone.
            yield* sql`
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`
          }).pipe(sql.withTransaction)
          const rows = yield* sql<{ readonly person: number }>`
          select person_id as person from telegram_updates where state <> 1`
          assert.deepStrictEqual(rows, [{ person: committed.id }])

          const again = yield* startService({ env, publicUrl: false })
          const ready = yield* Clock.currentTimeMillis
          yield* telegram.waitFor(sentTo(uncommitted.id, /Olá Dora!/))
          yield* telegram.waitFor(sentTo(committed.id, /Olá Caio!/))
          assert.isBelow((yield* Clock.currentTimeMillis) - ready, 10_000)
          assert.strictEqual(yield* settled, 0)
          yield* again.wrote(/WARN .*1 atendimentos interrompidos foram retomados/)
          const calls = yield* telegram.calls
          for (const { id } of [committed, uncommitted]) assert.strictEqual(calls.filter(sentTo(id, /Olá/)).length, 1)

          // A question that Telegram leaves open for half a minute holds up no stop.
          const before = yield* Clock.currentTimeMillis
          assert.deepStrictEqual(yield* again.stop("SIGTERM"), { code: 0, signal: null })
          assert.isBelow((yield* Clock.currentTimeMillis) - before, 10_000)
        }),
      60_000
    )
  }
)
