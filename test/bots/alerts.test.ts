import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { inWorld, startNode } from "./support.ts"

const token = "8240789013:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBE"
const operator = 7_000_001

/** A bot, an operator who has started it, and alerts switched on. */
const open = Effect.gen(function* () {
  const telegram = yield* SandboxTelegram
  yield* telegram.addBot({ token, username: "vip_bot", name: "VIP" })
  yield* telegram.person({ id: operator, first_name: "Dona Lia" })
  yield* telegram.sendText(token, operator, "/start")
  const { admin, alerts } = yield* startNode()
  yield* admin.create({ slug: "vip", token, gateway: "pushinpay" })
  yield* alerts.save({ bot: "vip", chat_id: String(operator) })
  const told = Effect.map(telegram.chat(token, operator), (chat) =>
    chat.filter(({ from }) => from === "bot").map(({ text }) => text)
  )
  return { alerts, telegram, told, sql: yield* SqlClient.SqlClient }
})

const pay = (sql: SqlClient.SqlClient, columns: string, values: string) =>
  sql.unsafe(
    `insert into payments (transaction_id, provider, gateway, bot_id, bot_slug, telegram_id, plan_id, value_cents, ${columns})
     select gen_random_uuid()::text, 'pushinpay', 'pushinpay', id, 'vip', 7001, null, 1990, ${values}
     from bots where slug = 'vip'`
  )

const tenMinutesLater = (sql: SqlClient.SqlClient) => sql`update alerts set told_at = told_at - interval '11 minutes'`

describe("alerts to the operator", () => {
  it.live("tell the first sale of a day once", () =>
    inWorld(
      Effect.gen(function* () {
        const { alerts, sql, told } = yield* open
        yield* alerts.look
        assert.deepStrictEqual(yield* told, [])
        yield* pay(sql, "status, paid_at, gateway_charge_id", "'paid', now(), 'a'")
        yield* alerts.look
        yield* pay(sql, "status, paid_at, gateway_charge_id", "'paid', now(), 'b'")
        yield* alerts.look
        assert.deepStrictEqual(yield* told, ["🎉 Primeira venda do dia: R$ 19,90 no bot vip."])
      })
    )
  )

  it.live("tell of a silent gateway once per outage, and at most every ten minutes", () =>
    inWorld(
      Effect.gen(function* () {
        const { alerts, sql, told } = yield* open
        for (let i = 0; i < 2; i++) yield* pay(sql, "status", "'failed'")
        yield* alerts.look
        assert.lengthOf(yield* told, 0)
        yield* pay(sql, "status", "'failed'")
        yield* Effect.all([alerts.look, alerts.look], { concurrency: 2 })
        assert.deepStrictEqual(yield* told, [
          "⚠️ O gateway pushinpay não gerou nenhum dos últimos 3 PIX. Confira a conta no painel dele."
        ])
        // It works again, and fails again a moment later: not told before the ten minutes are over.
        yield* pay(sql, "status, gateway_charge_id", "'pending', 'works'")
        yield* alerts.look
        yield* sql`delete from payments where gateway_charge_id = 'works'`
        yield* alerts.look
        assert.lengthOf(yield* told, 1)
        yield* tenMinutesLater(sql)
        yield* alerts.look
        assert.lengthOf(yield* told, 2)
        yield* tenMinutesLater(sql)
        yield* alerts.look
        assert.lengthOf(yield* told, 2)
      })
    )
  )

  it.live("tell of dead letters when there are more of them, and of a bot that stopped", () =>
    inWorld(
      Effect.gen(function* () {
        const { alerts, sql, told } = yield* open
        yield* sql`insert into telegram_updates (bot_id, update_id, kind, payload, state) values (1, 5, 'message', '{}', 2)`
        yield* sql`update bots set webhook_error = 'o Telegram tem outro endereço' where slug = 'vip'`
        yield* alerts.look
        yield* tenMinutesLater(sql)
        yield* alerts.look
        assert.deepStrictEqual((yield* told).toSorted(), [
          "⚠️ 1 mensagens recebidas falharam de vez e esperam por você em Entregas, no painel.",
          "⚠️ O bot vip não está funcionando: o Telegram tem outro endereço. Veja em Bots, no painel."
        ])
        yield* sql`insert into telegram_updates (bot_id, update_id, kind, payload, state) values (1, 6, 'message', '{}', 2)`
        yield* alerts.look
        assert.lengthOf(yield* told, 3)
      })
    )
  )

  it.live("are tried again when Telegram was away, and kept when it refuses", () =>
    inWorld(
      Effect.gen(function* () {
        const { alerts, sql, telegram, told } = yield* open
        yield* telegram.fail({ match: { method: "sendMessage" }, answer: { kind: "limited", retryAfter: 1 } })
        yield* pay(sql, "status, paid_at, gateway_charge_id", "'paid', now(), 'a'")
        yield* alerts.look
        assert.lengthOf(yield* told, 0)
        yield* alerts.look
        assert.lengthOf(yield* told, 1)
      })
    )
  )

  it.live("can be tried out before they are saved, with a reason when nothing arrives", () =>
    inWorld(
      Effect.gen(function* () {
        const { alerts, told } = yield* open
        yield* alerts.save({ bot: null, chat_id: null })
        yield* alerts.test({ bot: "vip", chat_id: String(operator) })
        assert.deepStrictEqual(yield* told, ["✅ Teste do Funil: os avisos vão chegar aqui."])
        const { reason } = yield* Effect.flip(alerts.test({ bot: "vip", chat_id: "7000999" }))
        assert.match(reason._tag === "Invalid" ? (reason.fields["chat_id"] ?? "") : "", /^O teste não chegou: /)
        assert.strictEqual((yield* Effect.flip(alerts.test({ bot: null, chat_id: null }))).reason._tag, "Invalid")
        assert.deepStrictEqual(yield* alerts.settings, { bot: null, chat_id: null })
      })
    )
  )

  it.live("refuse a bot that is not there and half a setting; both null switches them off", () =>
    inWorld(
      Effect.gen(function* () {
        const { alerts, sql, told } = yield* open
        for (const half of [
          { bot: "outro", chat_id: "1" },
          { bot: "vip", chat_id: null },
          { bot: null, chat_id: "1" }
        ]) {
          assert.strictEqual((yield* Effect.flip(alerts.save(half))).reason._tag, "Invalid")
        }
        assert.deepStrictEqual(yield* alerts.save({ bot: null, chat_id: null }), { bot: null, chat_id: null })
        yield* pay(sql, "status, paid_at, gateway_charge_id", "'paid', now(), 'a'")
        yield* alerts.look
        assert.deepStrictEqual(yield* told, [])
      })
    )
  )
})
