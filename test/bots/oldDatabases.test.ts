import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { migrate } from "../../src/db/Migrations.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { columnsOfTables, contentOf, loadFixture } from "../support/fixtures.ts"
import { inOldWorld, seen, startNode } from "./support.ts"

/** The key that the fixtures' tokens were sealed with. */
const env = { ENCRYPTION_KEY: Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString("hex") }
const photo = { kind: "photo", file_id: "AgACAgEAAxkDAAIB" }

describe("bots of the old databases", () => {
  it.live("V2: tokens, states and the /start of each bot", () =>
    Effect.gen(function* () {
      yield* loadFixture("v2.sql")
      yield* migrate()
      const { bots, log } = yield* startNode(env)
      const slugs = bots.all().map((bot) => [bot.slug, bot.active, bot.gateway])
      assert.deepStrictEqual(slugs, [
        ["vip_bot", true, "pushinpay"],
        ["plain_bot", true, "pushinpay"],
        ["broken_bot", false, "syncpay"]
      ])
      const [vip, plain] = bots.all()
      assert.match(
        Option.getOrElse(Option.map(vip!.token, Redacted.value), () => ""),
        /^\d+:[\w-]+$/
      )
      assert.strictEqual(vip!.start.length, 1)
      assert.strictEqual(vip!.start[0]?.text, "Oi! Bem-vindo, <b>{nome}</b>")
      assert.deepStrictEqual<unknown>(vip!.start[0]?.media, [photo])
      assert.deepStrictEqual(
        plain!.start.map(({ text }) => text),
        ["Primeira mensagem", "Veja a foto"]
      )
      assert.match(yield* log, /O bot broken_bot está parado: o token guardado não abre.*TELEGRAM_TOKEN_BROKEN_BOT/)
    }).pipe(inOldWorld)
  )

  it.live("V2 and V3: the younger word counts, plans get ids, and no old row is touched", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const telegram = yield* SandboxTelegram
      yield* loadFixture("v2.sql")
      yield* loadFixture("v3.sql")
      const tables = yield* columnsOfTables
      const before = yield* contentOf(tables)
      yield* migrate()
      const { admin, bots } = yield* startNode(env)
      const find = (slug: string) => Option.getOrThrow(bots.find(slug))

      const vip = find("vip_bot")
      assert.deepStrictEqual(vip.username, Option.some("vip_bot"))
      assert.deepStrictEqual(
        vip.start.map(({ text }) => text),
        ["Oi {nome}", "Veja os planos"]
      )
      assert.deepStrictEqual<unknown>(vip.start[0]?.media, [{ kind: "photo", file_id: "AgAC" }])
      const prices = vip.start
        .flatMap((content) => content.buttons ?? [])
        .flat()
        .map((button) => ("plan_id" in button ? vip.plans.get(button.plan_id)?.priceCents : undefined))
      assert.deepStrictEqual(prices, [1990, 9990])

      const v3 = find("v3_bot")
      assert.deepStrictEqual([v3.active, v3.gateway], [false, "syncpay"])
      assert.deepStrictEqual(
        v3.start.map(({ text }) => text),
        ["Só um texto"]
      )
      assert.strictEqual(v3.messages.get("ajuda")?.text, "Apenas uma frase")
      assert.strictEqual((yield* admin.message("v3_bot", "ajuda")).text, "Apenas uma frase")
      assert.strictEqual((yield* admin.message("vip_bot", "start")).text, "Oi {nome}\n\nVeja os planos")
      assert.isFalse(find("v3_off").active)
      assert.isTrue(Option.isNone(bots.find("deleted_bot")))
      assert.deepStrictEqual(yield* contentOf(tables), before)

      // Plain SQL on an old row is in force like everything else.
      yield* sql`update bot_messages set content = '{"messages": ["Mudou"]}' where id = 11`
      yield* seen(bots, (bot) => bot.start[0]?.text === "Mudou")
      assert.strictEqual((yield* telegram.calls).length, 0)
    }).pipe(inOldWorld)
  )
})
