import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { TestDatabase, testDatabaseUrl } from "../support/postgres.ts"
import { eventually, startService } from "../support/service.ts"
import { ana, botToken, openShop, sentTo, wordsOf } from "../support/shop.ts"

const pushinpayNotice = "A PUSHIN PAY atua exclusivamente como processadora de pagamentos"

describe("a buyer, from /start to the delivered product", () => {
  it.live("over real HTTP, a real process and a real database", () =>
    Effect.gen(function* () {
      const sandbox = yield* Sandbox
      const { telegram, pushinpay } = sandbox
      const sql = yield* SqlClient.SqlClient
      const service = yield* startService({ env: { ...sandbox.env, DATABASE_URL: yield* testDatabaseUrl } })
      const shop = yield* openShop(service, sandbox)
      yield* telegram.person(ana)

      yield* telegram.sendText(botToken, ana, "/start")
      const greeting = yield* telegram.waitFor(sentTo(ana.id, /Olá Ana! <b>Oferta<\/b>/))
      assert.strictEqual(greeting.params["parse_mode"], "HTML")

      yield* telegram.press(botToken, ana, "Quero o mensal")
      const charge = yield* pushinpay.waitForCharge((one) => one.valueCents === 1990)
      const photo = yield* telegram.waitFor((call) => call.ok && call.method === "sendPhoto")
      assert.include(wordsOf(photo), pushinpayNotice)
      assert.include(wordsOf(photo), "R$ 19,90")
      assert.strictEqual(photo.files.length, 1)
      const code = yield* telegram.waitFor(sentTo(ana.id, /<code>/))
      assert.include(wordsOf(code), `<code>${charge.code}</code>`)
      const keyboard = JSON.stringify(code.params["reply_markup"])
      assert.include(keyboard, "copy_text")
      assert.include(keyboard, "Já paguei")
      assert.isTrue((yield* telegram.calls).some((call) => call.method === "answerCallbackQuery" && call.ok))

      yield* pushinpay.pay(charge.id)
      yield* telegram.waitFor(sentTo(ana.id, /Seu acesso, Ana: https:\/\/exemplo/))

      const [payment] = yield* sql<{ status: string; value_cents: number; telegram_id: number; paid: boolean }>`
        select status, value_cents, telegram_id, paid_at is not null as paid from payments`
      assert.deepStrictEqual(payment, { status: "paid", value_cents: 1990, telegram_id: ana.id, paid: true })
      const events = yield* eventually(
        sql<{ event_name: string }>`select event_name from funnel_events order by occurred_at, event_name`,
        (rows) => rows.length >= 4
      )
      assert.deepStrictEqual(events.map((row) => row.event_name).toSorted(), [
        "bot_interaction",
        "bot_start",
        "pix_created",
        "pix_paid"
      ])
      const [person] = yield* sql<{ has_paid: boolean; name: string; username: string }>`
        select has_paid, name, username from bot_users`
      assert.deepStrictEqual(person, { has_paid: true, name: "Ana Souza", username: "ana_souza" })

      const metrics = yield* service.admin("GET", `/api/metrics?bot=${shop.slug}`)
      assert.deepStrictEqual(
        metrics.json.funnel.map((step: { unique: number }) => step.unique),
        [0, 0, 1, 1, 1]
      )
      assert.strictEqual(metrics.json.revenue_cents, 1990)
      assert.strictEqual(metrics.json.time_to_pay_seconds.count, 1)

      const { log } = service
      assert.match(
        log,
        /INFO {2}\[BOT\]\[START\] Mensagem inicial enviada para 7205343917 em \d+ ms \| .*request_id=\S+.*latency_ms=\d+/
      )
      assert.match(
        log,
        /INFO {2}\[PAYMENT\]\[PIX_CREATED\] bot=vip user=7205343917 valor=19\.90 status=pending \| .*gateway=pushinpay.*latency_ms=\d+/
      )
      assert.match(log, /INFO {2}\[PAYMENT\]\[PIX_PAID\] bot=vip user=7205343917 valor=19\.90 status=paid/)
      assert.notInclude(log, botToken)
      assert.notInclude(log, botToken.slice(11))
      assert.notInclude(log, String(sandbox.env["PUSHINPAY_TOKEN"]))
      assert.notMatch(log, /\n\s+at /)
    }).pipe(Effect.provide([Sandbox.layerWith({ telegram: { timeScale: 0.01 } }), TestDatabase.layer]))
  )
})
