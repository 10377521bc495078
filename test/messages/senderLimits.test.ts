import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option, Redacted } from "effect"
import { BotHealth } from "../../src/bots/BotHealth.ts"
import { Bots } from "../../src/bots/Bots.ts"
import { Attachments } from "../../src/media/Attachments.ts"
import { Sender } from "../../src/messages/Sender.ts"
import type { Call } from "../../src/sandbox/telegram/CallLog.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { TelegramClient } from "../../src/telegram/TelegramClient.ts"
import { botNamed, text } from "./senderSupport.ts"

const tokens = ["8240789001:AAF-abcdefghijklmnopqrstuvwxyz_UM", "8240789002:AAF-abcdefghijklmnopqrstuvwxyz_DOIS"]
const [first, second] = tokens.map((token, index) => botNamed(index + 1, { token: Option.some(Redacted.make(token)) }))
const telegramIdOf = (token: string) => Number(token.split(":")[0])

const World = Sender.layerNoDeps.pipe(
  Layer.provide(Attachments.layerNone),
  Layer.provide(Layer.unwrap(Effect.map(SandboxTelegram, ({ url }) => TelegramClient.layerWith({ apiRoot: url })))),
  Layer.provide(
    Layer.mock(Bots, {
      find: () => Option.none(),
      byId: () => Option.none(),
      all: () => [],
      onChange: () => Effect.void
    })
  ),
  Layer.provide(Layer.mock(BotHealth, {})),
  // Telegram's own limits, enforced.
  Layer.provideMerge(SandboxTelegram.layerWith({ acceptUnknownChats: true, rate: {} }))
)

const inWorld = <A, E>(test: Effect.Effect<A, E, Sender | SandboxTelegram>) =>
  Effect.gen(function* () {
    const telegram = yield* SandboxTelegram
    for (const token of tokens) yield* telegram.addBot({ token })
    return yield* test
  }).pipe(Effect.provide(World))

const isTo = (from: number, to: number) => (call: Call) => {
  const chat = Number(call.params["chat_id"])
  return chat >= from && chat < to
}

describe("Sender under Telegram's limits", () => {
  it.live("holds 29 a second without a single 429, and answers people meanwhile at once", () =>
    Effect.gen(function* () {
      const { send } = yield* Sender
      const telegram = yield* SandboxTelegram
      const isBulk = isTo(1_000, 2_000)
      const bulk = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: 90 }, (_, index) => 1_000 + index),
          (chat) => send({ bot: first!, lane: "shot", calls: [text(chat)] }),
          { concurrency: 30, discard: true }
        )
      )
      yield* telegram.waitForCount(10, isBulk)
      for (const chat of [1, 2, 3]) yield* send({ bot: first!, lane: "reply", calls: [text(chat)] })
      yield* Fiber.join(bulk)
      const calls = yield* telegram.calls
      assert.deepStrictEqual((yield* telegram.counters).byStatus, { 200: 93 })
      const shots = calls.filter(isBulk).map((call) => call.receivedAt)
      const lastReply = calls.findLast(isTo(1, 4))!.receivedAt
      assert.isAtMost(shots.filter((at) => at < lastReply).length, 15)
      const perSecond = (shots.length - 1) / ((shots.at(-1)! - shots[0]!) / 1000)
      // The strict stand-in has judged each second; over three, a first message that arrives late moves the mean.
      assert.isAtMost(perSecond, 31)
      assert.isAtLeast(perSecond, 26)
    }).pipe(inWorld)
  )

  it.live("keeps a person's messages within the limit of one chat", () =>
    Effect.gen(function* () {
      const { send } = yield* Sender
      const telegram = yield* SandboxTelegram
      const sent = yield* send({
        bot: first!,
        lane: "reply",
        calls: ["1", "2", "3", "4", "5"].map((part) => text(7, part))
      })
      assert.strictEqual(sent.messageIds.length, 5)
      assert.deepStrictEqual((yield* telegram.counters).byStatus, { 200: 5 })
      assert.deepStrictEqual(
        (yield* telegram.calls).map((call) => call.params["text"]),
        ["1", "2", "3", "4", "5"]
      )
    }).pipe(inWorld)
  )

  it.live("lets one bot wait out its 429 while another goes on", () =>
    Effect.gen(function* () {
      const { send } = yield* Sender
      const telegram = yield* SandboxTelegram
      const limitedId = telegramIdOf(tokens[0]!)
      yield* telegram.fail({ match: { bot: limitedId }, answer: { kind: "limited", retryAfter: 2 } })
      const limited = yield* Effect.forkChild(send({ bot: first!, lane: "reply", calls: [text(1)] }))
      yield* telegram.waitFor((call) => call.status === 429)
      for (let chat = 10; chat < 40; chat++) yield* send({ bot: second!, lane: "reply", calls: [text(chat)] })
      yield* Fiber.join(limited)
      const calls = yield* telegram.calls
      const [refused, again] = calls.filter((call) => call.botId === limitedId)
      assert.isAtLeast(again!.receivedAt - refused!.receivedAt, 2_000)
      assert.isTrue(calls.every((call) => call.botId === limitedId || call.receivedAt < again!.receivedAt))
      assert.strictEqual(calls.length, 32)
    }).pipe(inWorld)
  )
})
