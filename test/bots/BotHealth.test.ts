import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import type { Bot } from "../../src/domain/bot.ts"
import { loggerLayer } from "../../src/log/Logger.ts"
import { BotUnusable } from "../../src/telegram/reasons.ts"
import { shop, token } from "./adminSupport.ts"
import { inWorld, seen } from "./support.ts"

const because = (why: BotUnusable["why"]) => new BotUnusable({ why, description: "x" })
const rotated = "824078912:AAG-outro-segredo-depois-da-troca"

/** A shop with its bot, and how often Telegram was asked who the bot is. */
const opened = Effect.gen(function* () {
  const all = yield* shop()
  const held = (): Bot => Option.getOrThrow(all.bots.find("vip"))
  const asked = Effect.map(all.telegram.calls, (calls) => calls.filter((call) => call.method === "getMe").length)
  const lines: Array<string> = []
  const logger = loggerLayer({ level: "info", format: "text", write: (text) => void lines.push(text) })
  const unusable = (bot: Bot, reason: BotUnusable) => Effect.provide(all.health.unusable(bot, reason), logger)
  yield* all.telegram.clear
  return { ...all, held, asked, unusable, log: Effect.sync(() => lines.join("")) }
})

describe("BotHealth", () => {
  it.live("stops a bot whose token was revoked: durably, loudly, in force everywhere", () =>
    Effect.gen(function* () {
      const { admin, bots, held, log, sql, telegram, unusable } = yield* opened
      yield* telegram.revoke(token)
      yield* unusable(held(), because("not_found"))
      assert.isFalse(held().active)
      const [row] = yield* sql`select active, inactive_reason, token_status from bots`
      assert.deepStrictEqual(row, {
        active: false,
        inactive_reason: "O token do bot não vale mais. Informe um token novo do @BotFather pelo painel.",
        token_status: "invalid"
      })
      const view = yield* admin.get("vip")
      assert.deepStrictEqual([view.active, view.inactive_reason], [false, row?.["inactive_reason"]])
      const written = yield* log
      assert.match(written, /ERROR \[BOT\] O bot vip foi parado: o token do bot não vale mais\. Informe um token novo/)
      assert.notInclude(written, token)
      yield* seen(bots, (bot) => !bot.active)
    }).pipe(inWorld)
  )

  it.live("comes back with a new token, and with a word of the seller", () =>
    Effect.gen(function* () {
      const { admin, held, sql, telegram, unusable } = yield* opened
      yield* telegram.revoke(token)
      yield* unusable(held(), because("unauthorized"))
      yield* telegram.addBot({ token: rotated, username: "vip_bot", name: "Vip" })
      const view = yield* admin.patch("vip", { token: rotated })
      assert.deepStrictEqual([view.active, view.inactive_reason], [true, null])
      assert.isTrue(held().active)

      yield* telegram.revoke(rotated)
      yield* unusable(held(), because("unauthorized"))
      assert.isFalse(held().active)
      yield* admin.patch("vip", { active: true })
      assert.isTrue(held().active)
      assert.deepInclude((yield* sql`select inactive_reason, token_status from bots`)[0], {
        inactive_reason: null,
        token_status: "unverified"
      })
    }).pipe(inWorld)
  )

  it.live("leaves a bot asleep that its seller had paused, when he renews its token", () =>
    Effect.gen(function* () {
      const { admin, held, telegram } = yield* opened
      yield* admin.patch("vip", { active: false })
      yield* telegram.addBot({ token: rotated, username: "vip_bot", name: "Vip" })
      yield* admin.patch("vip", { token: rotated })
      assert.isFalse(held().active)
    }).pipe(inWorld)
  )

  it.live("believes no single answer: a bot that Telegram knows goes on, and is not asked all the time", () =>
    Effect.gen(function* () {
      const { asked, held, log, unusable } = yield* opened
      for (const why of ["not_found", "misdirected", "unauthorized"] as const) {
        yield* unusable(held(), because(why))
      }
      assert.isTrue(held().active)
      assert.strictEqual(yield* asked, 1)
      assert.match(yield* log, /\[AVISO\] O Telegram recusou uma mensagem do bot vip .*segue ativo/)
    }).pipe(inWorld)
  )

  it.live("does not stop a bot that it cannot ask about", () =>
    Effect.gen(function* () {
      const { held, telegram, unusable } = yield* opened
      yield* telegram.fail({ match: { method: "getMe" }, answer: { kind: "server" } })
      yield* unusable(held(), because("unauthorized"))
      assert.isTrue(held().active)
    }).pipe(inWorld)
  )

  it.live("stops a frozen one, whose name Telegram still knows", () =>
    Effect.gen(function* () {
      const { admin, held, unusable } = yield* opened
      yield* unusable(held(), because("frozen"))
      assert.match((yield* admin.get("vip")).inactive_reason ?? "", /^O Telegram congelou a conta do bot\. Fale com/)
    }).pipe(inWorld)
  )

  it.live("does not stop a bot whose token has been renewed meanwhile", () =>
    Effect.gen(function* () {
      const { admin, held, log, sql, telegram, unusable } = yield* opened
      const before = held()
      yield* telegram.revoke(token)
      yield* telegram.addBot({ token: rotated, username: "vip_bot", name: "Vip" })
      yield* admin.patch("vip", { token: rotated })
      yield* unusable(before, because("unauthorized"))
      assert.isTrue((yield* sql`select active from bots`)[0]?.["active"])
      assert.isTrue(held().active)
      assert.notInclude(yield* log, "foi parado")
    }).pipe(inWorld)
  )

  it.live("asks once for many refusals of one moment, and says it once", () =>
    Effect.gen(function* () {
      const { asked, held, log, telegram, unusable } = yield* opened
      yield* telegram.revoke(token)
      const bot = held()
      yield* Effect.all(
        Array.from({ length: 20 }, () => unusable(bot, because("unauthorized"))),
        { concurrency: "unbounded" }
      )
      yield* unusable(bot, because("unauthorized"))
      assert.isAtMost(yield* asked, 2)
      assert.strictEqual((yield* log).match(/foi parado/g)?.length, 1)
    }).pipe(inWorld)
  )
})
