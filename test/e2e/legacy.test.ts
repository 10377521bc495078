import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Sandbox } from "../../src/sandbox/Sandbox.ts"
import { columnsOfTables, contentOf, loadFixture } from "../support/fixtures.ts"
import { TestDatabase, testDatabaseUrl } from "../support/postgres.ts"
import { startService } from "../support/service.ts"
import { orderPix, sentTo, wordsOf } from "../support/shop.ts"
import { settled } from "../support/updates.ts"

/** The key that the fixtures' tokens were sealed with, and what is inside. */
const encryptionKey = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString("hex")
const vip = { token: "7000000001:AAF-exemplo_de_token_do_bot_vip_0001", username: "vip_bot" }
const plain = { token: "7000000002:AAF-exemplo_de_token_simples_00000002", username: "plain_bot" }

const ana = { id: 7_700_000_001, first_name: "Ana" }

/** What we learn of a bot and tell Telegram of it stands in columns that V3 made for that. */
const ours = new Set([
  "bot_username",
  "bot_name",
  "token_status",
  "token_checked_at",
  "webhook_secret_token",
  "updated_at"
])

const changing: Readonly<Record<string, ReadonlySet<string>>> = {
  bots: ours,
  // What waited there for months ends as expired.
  downsells_queue: new Set(["status", "cancel_reason", "updated_at"])
}

/** An old database with the service on it, as somebody finds it who changes over. */
const changeOver = Effect.fnUntraced(function* (...fixtures: ReadonlyArray<string>) {
  const sandbox = yield* Sandbox
  const sql = yield* SqlClient.SqlClient
  yield* Effect.forEach(fixtures, loadFixture)
  yield* Effect.forEach([vip, plain], sandbox.telegram.addBot)
  // Telegram knows the files of its bots; the made-up ids of the fixtures become such.
  const photo = yield* sandbox.telegram.registerFile(vip.token, "photo")
  yield* sql`update media_cache set tg_file_id = ${photo} where id = 1`
  yield* sql`update bot_messages set content = replace(content::text, '"AgAC"', ${`"${photo}"`})::jsonb`
  const tables = new Map(
    [...(yield* columnsOfTables)].map(([table, columns]) => [
      table,
      columns.filter((column) => !(changing[table]?.has(column) ?? false))
    ])
  )
  const before = yield* contentOf(tables)
  const service = yield* startService({
    env: { ...sandbox.env, DATABASE_URL: yield* testDatabaseUrl, ENCRYPTION_KEY: encryptionKey }
  })
  yield* service.wrote(/Endereço do bot vip_bot registrado no Telegram/)
  yield* service.wrote(/Endereço do bot plain_bot registrado no Telegram/)
  yield* sandbox.telegram.person(ana)

  const messagesTo = Effect.fnUntraced(function* (personId: number) {
    const calls = yield* sandbox.telegram.calls
    return calls.filter((call) => call.method.startsWith("send") && Number(call.params["chat_id"]) === personId)
  })
  /** Every row of before, in the columns of before; new ones may stand beside it. */
  const nothingLost = Effect.gen(function* () {
    const after = yield* contentOf(tables)
    for (const [table, rows] of Object.entries(before)) {
      const left = [...after[table]!]
      const changed = rows.filter((row) => {
        const at = left.indexOf(row)
        if (at >= 0) left.splice(at, 1)
        return at < 0
      })
      assert.deepStrictEqual(changed, [], table)
    }
  })
  /** Nobody gets today what he should have got months ago; that is said, with the number. */
  const nothingStaleLeaves = Effect.gen(function* () {
    yield* service.wrote(/AVISO\] \d+ downsells passaram do prazo antes de sair e foram descartados/)
    assert.deepStrictEqual(
      yield* sql`select id from downsells_queue where status = 'pending'
      and scheduled_at < now() - interval '1 day'`,
      []
    )
  })
  return { sandbox, service, photo, nothingStaleLeaves, messagesTo, nothingLost }
})

interface Listed {
  readonly id: number
  readonly status: string
  readonly bot: string | null
  readonly value_cents: number | null
}

const layers = Layer.merge(Sandbox.layerWith({ telegram: { timeScale: 0.01 } }), TestDatabase.layerEmpty)

describe("the service on a database of an older system", () => {
  it.live("V2: each bot greets with its old content, in its order; payments are listed; nothing is lost", () =>
    Effect.gen(function* () {
      const { messagesTo, nothingLost, nothingStaleLeaves, photo, sandbox, service } = yield* changeOver("v2.sql")
      const { telegram } = sandbox
      yield* telegram.sendText(vip.token, ana, "/start")
      const greeting = yield* telegram.waitFor(sentTo(ana.id, /Bem-vindo/))
      assert.deepInclude(greeting, { method: "sendPhoto", botId: 7_000_000_001 })
      assert.deepInclude(greeting.params, { photo, caption: "Oi! Bem-vindo, <b>Ana</b>", parse_mode: "HTML" })

      const bia = { id: 7_700_000_002, first_name: "Bia" }
      yield* telegram.person(bia)
      yield* telegram.sendText(plain.token, bia, "/start")
      yield* telegram.waitFor(sentTo(bia.id, /Veja a foto/))
      assert.strictEqual(yield* settled, 0)
      assert.deepStrictEqual((yield* messagesTo(bia.id)).map(wordsOf), ["Primeira mensagem", "Veja a foto"])
      assert.strictEqual((yield* messagesTo(ana.id)).length, 1)
      yield* service.wrote(/WARN .*O bot broken_bot está parado: o token guardado não abre.*TELEGRAM_TOKEN_BROKEN_BOT/)

      const bots = yield* service.admin("GET", "/api/admin/bots")
      assert.deepStrictEqual(
        bots.json.items.map((bot: { readonly slug: string; readonly active: boolean }) => [bot.slug, bot.active]),
        [
          ["vip_bot", true],
          ["plain_bot", true],
          ["broken_bot", false]
        ]
      )
      const payments = yield* service.admin("GET", "/api/admin/payments")
      assert.deepStrictEqual(
        payments.json.items.map(({ id, status, value_cents }: Listed) => [id, status, value_cents]),
        [
          [4, "failed", 0],
          [3, "canceled", null],
          [1, "paid", 1990],
          [2, "pending", 1990]
        ]
      )
      yield* nothingLost
      yield* nothingStaleLeaves
      assert.notMatch(service.log, / ERROR /)
      for (const { token } of [vip, plain]) assert.notInclude(service.log, token.split(":")[1]!)
    }).pipe(Effect.provide(layers))
  )

  it.live("V2 and V3: the plans inside the old message sell, and old payments stay what they were", () =>
    Effect.gen(function* () {
      const { messagesTo, nothingLost, nothingStaleLeaves, photo, sandbox, service } = yield* changeOver(
        "v2.sql",
        "v3.sql"
      )
      const { pushinpay, telegram } = sandbox
      yield* telegram.sendText(vip.token, ana, "/start")
      yield* telegram.waitFor(sentTo(ana.id, /Veja os planos/))
      const sent = yield* messagesTo(ana.id)
      assert.deepStrictEqual(
        sent.map((call) => [call.method, call.params["photo"] ?? wordsOf(call)]),
        [
          ["sendPhoto", photo],
          ["sendMessage", "Oi Ana"],
          ["sendMessage", "Veja os planos"]
        ]
      )
      const last = (yield* telegram.chat(vip.token, ana)).at(-1)
      assert.deepStrictEqual(
        last?.buttons.map((row) => row.map((button) => button.text)),
        [["Mensal — R$ 19,90", "Anual — R$ 99,90"]]
      )

      const bia = { id: 7_700_000_002, first_name: "Bia" }
      for (const [person, button, cents] of [
        [ana, "Mensal — R$ 19,90", 1990],
        [bia, "Anual — R$ 99,90", 9990]
      ] as const) {
        const charge = yield* orderPix(sandbox, person, { greeting: /Veja os planos/, button, token: vip.token })
        assert.strictEqual(charge.valueCents, cents)
        yield* pushinpay.pay(charge.id)
        yield* telegram.waitFor(sentTo(person.id, /^Pagamento confirmado! ✅ Obrigado,/))
      }

      const payments = yield* service.admin("GET", "/api/admin/payments")
      const items: ReadonlyArray<Listed> = payments.json.items
      assert.deepStrictEqual(
        items.slice(0, 2).map(({ bot, status, value_cents }) => [bot, status, value_cents]),
        [
          ["vip_bot", "paid", 9990],
          ["vip_bot", "paid", 1990]
        ]
      )
      assert.deepStrictEqual(
        items.slice(2, 6).map(({ bot, id, status, value_cents }) => [id, bot, status, value_cents]),
        [
          [13, "v3_bot", "pending", 9990],
          [12, "v3_bot", "refunded", 9990],
          [11, "vip_bot", "paid", 1990],
          [10, "vip_bot", "pending", 1990]
        ]
      )
      assert.strictEqual(items.length, 2 + 4 + 4)
      assert.strictEqual(yield* settled, 0)
      yield* nothingLost
      yield* nothingStaleLeaves
      assert.notMatch(service.log, / ERROR /)
    }).pipe(Effect.provide(layers))
  )
})
