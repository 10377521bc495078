import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { BotHealth } from "../../src/bots/BotHealth.ts"
import { Bots } from "../../src/bots/Bots.ts"
import type { Bot } from "../../src/domain/bot.ts"
import { untracked } from "../../src/domain/tracking.ts"
import type { MessageContent } from "../../src/domain/content.ts"
import { composeFor } from "../../src/messages/personal.ts"
import { Attachments } from "../../src/media/Attachments.ts"
import { Sender } from "../../src/messages/Sender.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { TelegramClient } from "../../src/telegram/TelegramClient.ts"
import { ana, botToken, wordsOf } from "../support/shop.ts"

const bots = Layer.mock(Bots, {
  find: () => Option.none(),
  byId: () => Option.none(),
  all: () => [],
  onChange: () => Effect.void
})

const telegram = SandboxTelegram.layerWith({ acceptUnknownChats: true })

const layer = Sender.layerNoDeps.pipe(
  Layer.provide(Attachments.layerNone),
  Layer.provide(bots),
  Layer.provide(Layer.mock(BotHealth, {})),
  Layer.provide(
    Layer.unwrap(Effect.map(SandboxTelegram, (sandbox) => TelegramClient.layerWith({ apiRoot: sandbox.url })))
  ),
  Layer.provideMerge(telegram)
)

const bot: Bot = {
  id: 1,
  slug: "vip",
  name: "Clube VIP",
  username: Option.some("vip_bot"),
  gateway: "pushinpay",
  secondGateway: Option.none(),
  maxPixPerHour: 10,
  active: true,
  token: Option.some(Redacted.make(botToken)),
  webhookSecret: Option.none(),
  webhookUrl: Option.none(),
  notice: Option.none(),
  pixExpiresMinutes: 60,
  messagesPerSecond: 29,
  allowPaidBroadcast: false,
  paidMessagesPerSecond: 950,
  vipChatId: Option.none(),
  withdrawAccess: true,
  warmupChatId: Option.none(),
  media: new Map(),
  tracking: untracked,
  start: [],
  messages: new Map(),
  plans: new Map(),
  downsells: new Map(),
  offers: []
}

const person = { telegramId: ana.id, firstName: "Ana" }

const sendsOf = Effect.fnUntraced(function* (content: MessageContent, lane: "reply" | "shot" = "reply") {
  const sandbox = yield* SandboxTelegram
  const sender = yield* Sender
  const result = yield* Effect.result(sender.send({ bot, lane, calls: composeFor(bot, person, content) }))
  const calls = (yield* sandbox.calls).map((call) => [call.method, call.ok, wordsOf(call)] as const)
  return { result, calls }
})

const setting = Effect.gen(function* () {
  const sandbox = yield* SandboxTelegram
  yield* sandbox.addBot({ token: botToken })
  yield* sandbox.person(ana)
  return sandbox
})

describe("Sender", () => {
  it.live("a refused medium does not take the words and the buttons with it", () =>
    Effect.gen(function* () {
      const sandbox = yield* setting
      const { calls } = yield* sendsOf({
        text: "Olá <b>{nome}</b>",
        media: [{ kind: "photo", file_id: "de-outro-bot" }],
        buttons: [[{ text: "Ver", url: "https://exemplo.com.br" }]]
      })
      assert.deepStrictEqual(calls.at(-1), ["sendMessage", true, "Olá <b>Ana</b>"])
      const last = (yield* sandbox.calls).at(-1)
      assert.include(JSON.stringify(last?.params["reply_markup"]), "Ver")
    }).pipe(Effect.provide(layer))
  )

  it.live("an album that is refused is left out, its text follows", () =>
    Effect.gen(function* () {
      yield* setting
      const { calls } = yield* sendsOf({
        text: "Oferta",
        media: [
          { kind: "photo", file_id: "x1" },
          { kind: "photo", file_id: "x2" }
        ]
      })
      assert.deepStrictEqual(
        calls.filter(([, ok]) => ok),
        [["sendMessage", true, "Oferta"]]
      )
    }).pipe(Effect.provide(layer))
  )

  it.live("refused formatting goes out once more as plain text", () =>
    Effect.gen(function* () {
      const sandbox = yield* setting
      yield* sandbox.fail({
        match: { method: "sendMessage" },
        times: 1,
        answer: { kind: "refused", description: "Bad Request: can't parse entities: Unsupported start tag" }
      })
      const { calls } = yield* sendsOf({ text: "Olá <b>{nome}</b>" })
      assert.deepStrictEqual(
        calls.map(([, ok, words]) => [ok, words]),
        [
          [false, "Olá <b>Ana</b>"],
          [true, "Olá Ana"]
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.live("a reply whose outcome is unknown is repeated once, bulk never", () =>
    Effect.gen(function* () {
      const sandbox = yield* setting
      yield* sandbox.fail({
        match: { method: "sendMessage" },
        times: 3,
        answer: { kind: "reset", applied: true }
      })
      const reply = yield* sendsOf({ text: "Oi" })
      assert.strictEqual(reply.result._tag, "Failure")
      assert.strictEqual(reply.calls.length, 2)
      yield* sandbox.clear
      const shot = yield* sendsOf({ text: "Oi" }, "shot")
      assert.strictEqual(shot.result._tag, "Failure")
      assert.strictEqual(shot.calls.length, 1)
    }).pipe(Effect.provide(layer))
  )
})
