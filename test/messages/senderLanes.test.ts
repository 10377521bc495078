import { assert, describe, it } from "@effect/vitest"
import { Clock, Deferred, Effect, Fiber, Option, Redacted } from "effect"
import { TestClock } from "effect/testing"
import {
  Ambiguous,
  BadEntities,
  BotUnusable,
  Gone,
  Migrated,
  NotModified,
  RateLimited,
  Unreachable
} from "../../src/telegram/reasons.ts"
import { botNamed, openSender, refuse, type Seen, text } from "./senderSupport.ts"

const description = "x"
const limited = (retryAfterSeconds: number) => new RateLimited({ retryAfterSeconds, description })
const vip = botNamed(1)
const chatOf = (call: Seen): number => call.payload.chat_id
const times = (seen: ReadonlyArray<Seen>) => seen.map((call) => call.at)

describe("Sender: one message", () => {
  it.effect("sends its blocks in order, each confirmed before the next leaves", () =>
    Effect.gen(function* () {
      const { seen, send } = yield* openSender()
      const confirmed: Array<readonly [number, number]> = []
      const sent = yield* send({
        bot: vip,
        lane: "reply",
        calls: [text(7, "um"), text(7, "dois"), text(7, "três")],
        from: 1,
        onConfirmed: (count) => Effect.sync(() => void confirmed.push([count, seen.length]))
      })
      assert.deepStrictEqual(
        seen.map((call) => call.payload.text),
        ["dois", "três"]
      )
      assert.deepStrictEqual(confirmed, [
        [2, 1],
        [3, 2]
      ])
      assert.deepStrictEqual(sent, { messageIds: [100, 101] })
      assert.deepStrictEqual(yield* send({ bot: vip, lane: "reply", calls: [text(7)], from: 1 }), { messageIds: [] })
    })
  )

  it.effect("reads the ids of albums and of answers that are no messages", () =>
    Effect.gen(function* () {
      const answers: ReadonlyArray<unknown> = [[{ message_id: 5 }, { message_id: 6 }], true, { message_id: 7 }]
      const { send } = yield* openSender((_, index) => Effect.succeed(answers[index]))
      const sent = yield* send({ bot: vip, lane: "reply", calls: [text(7), text(7), text(7)] })
      assert.deepStrictEqual(sent.messageIds, [5, 6, 7])
    })
  )

  it.effect("leaves at once and without any timer when nothing holds it", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let sleeps = 0
      const counting: Clock.Clock = {
        ...clock,
        sleep: (duration) => {
          sleeps += 1
          return clock.sleep(duration)
        }
      }
      yield* Effect.gen(function* () {
        const { seen, send } = yield* openSender()
        for (let chat = 1; chat <= 500; chat++)
          yield* send({ bot: vip, lane: "reply", calls: [text(chat), text(chat)] })
        assert.strictEqual(seen.length, 1_000)
      }).pipe(Effect.provideService(Clock.Clock, counting))
      assert.strictEqual(sleeps, 0)
    })
  )

  it.effect("repeats an ambiguous reply once, ambiguous bulk never", () =>
    Effect.gen(function* () {
      const lost = new Ambiguous({ harmless: false, description })
      const { seen, send } = yield* openSender(() => refuse(lost))
      for (const lane of ["reply", "downsell", "shot"] as const) {
        const error = yield* Effect.flip(send({ bot: vip, lane, calls: [text(`9${lane}`)] }).pipe(inTime))
        assert.strictEqual(error.reason._tag, "Ambiguous")
      }
      assert.deepStrictEqual(
        seen.map((call) => call.payload.chat_id),
        ["9reply", "9reply", "9downsell", "9shot"]
      )
    })
  )

  it.effect("falls back to plain text once, and follows a group to its new id for the rest of the message", () =>
    Effect.gen(function* () {
      const { seen, send } = yield* openSender((call) => {
        if (call.payload.parse_mode !== undefined) return refuse(new BadEntities({ description }))
        return call.payload.chat_id === -5 ? refuse(new Migrated({ chatId: -100_5, description })) : Effect.void
      })
      const sent = yield* inTime(send({ bot: vip, lane: "reply", calls: [text(-5, "<b>um</b>"), text(-5, "dois")] }))
      assert.deepStrictEqual(
        seen.map((call) => [call.payload.chat_id, call.payload.text, call.payload.parse_mode]),
        [
          [-5, "<b>um</b>", "HTML"],
          [-5, "um", undefined],
          [-100_5, "um", undefined],
          [-100_5, "dois", "HTML"],
          [-100_5, "dois", undefined]
        ]
      )
      assert.strictEqual(sent.migratedTo, -100_5)
      assert.strictEqual(sent.messageIds.length, 2)
    })
  )

  it.effect("bridges a moment without connection and counts an edit without change as done", () =>
    Effect.gen(function* () {
      const { metric, seen, send } = yield* openSender((_, index) =>
        index < 3
          ? refuse(new Unreachable({ description }))
          : index === 3
            ? refuse(new NotModified({ description }))
            : Effect.void
      )
      const sending = yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(7), text(7)] }))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual((yield* Fiber.join(sending)).messageIds, [104])
      assert.deepStrictEqual(times(seen), [0, 300, 1_300, 4_300, 4_300])
      assert.strictEqual(yield* metric("funil_sends_total", { lane: "reply", outcome: "sent" }), 1)
      assert.strictEqual(yield* metric("funil_sends_total", { lane: "reply", outcome: "not_modified" }), 1)
    })
  )
})

/** Bulk is spaced: time goes by while it runs. */
const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("10 seconds")
    return yield* Fiber.join(fiber)
  })

describe("Sender: lanes", () => {
  it.effect("sends bulk at the bot's rate, downsells first, and a reply between them at once", () =>
    Effect.gen(function* () {
      const slow = botNamed(1, { messagesPerSecond: 10 })
      const { metric, seen, send } = yield* openSender(undefined, [slow])
      for (let chat = 1; chat <= 20; chat++) {
        yield* Effect.forkChild(send({ bot: slow, lane: chat <= 10 ? "shot" : "downsell", calls: [text(chat)] }))
      }
      yield* TestClock.adjust(50)
      assert.strictEqual(yield* metric("funil_lane_depth", { lane: "shot" }), 9)
      assert.strictEqual(yield* metric("funil_lane_depth", { lane: "downsell" }), 10)
      yield* send({ bot: slow, lane: "reply", calls: [text(99)] })
      yield* TestClock.adjust(10_000)
      const chats = seen.map(chatOf)
      assert.deepStrictEqual(chats.slice(0, 2), [1, 99])
      assert.deepStrictEqual(chats.slice(2, 12), [11, 12, 13, 14, 15, 16, 17, 18, 19, 20])
      assert.deepStrictEqual(chats.slice(12), [2, 3, 4, 5, 6, 7, 8, 9, 10])
      assert.strictEqual(seen[1]!.at, 50)
      const bulk = times(seen).toSpliced(1, 1)
      bulk.forEach((at, index) => assert.approximately(at, index * 100, 1))
      assert.strictEqual(yield* metric("funil_lane_depth", { lane: "shot" }), 0)
      assert.strictEqual(yield* metric("funil_sends_total", { lane: "downsell", outcome: "sent" }), 10)
    })
  )

  it.effect("has a changed rate in force at once, also for those who wait", () =>
    Effect.gen(function* () {
      const slow = botNamed(1, { messagesPerSecond: 1 })
      const { change, seen, send } = yield* openSender(undefined, [slow])
      for (let chat = 1; chat <= 31; chat++)
        yield* Effect.forkChild(send({ bot: slow, lane: "shot", calls: [text(chat)] }))
      yield* TestClock.adjust(500)
      assert.strictEqual(seen.length, 1)
      yield* change({ ...slow, messagesPerSecond: 10 })
      yield* TestClock.adjust(1_000)
      assert.approximately(seen.length, 12, 2)
      yield* change({ ...slow, messagesPerSecond: 10, allowPaidBroadcast: true, paidMessagesPerSecond: 1_000 })
      yield* TestClock.adjust(60)
      assert.strictEqual(seen.length, 31)
      assert.isUndefined(seen[0]!.payload.allow_paid_broadcast)
      assert.isTrue(seen[30]!.payload.allow_paid_broadcast)
      yield* send({ bot: slow, lane: "reply", calls: [text(77)] })
      assert.isUndefined(seen[31]!.payload.allow_paid_broadcast)
    })
  )

  it.effect("paces one chat beyond its burst, while the others go on", () =>
    Effect.gen(function* () {
      const { seen, send } = yield* openSender()
      yield* Effect.forkChild(
        send({ bot: vip, lane: "reply", calls: [1, 2, 3, 4, 5].map((part) => text(7, `${part}`)) })
      )
      yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(7, "depois")] }))
      yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(8, "outro")] }))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(
        seen.map((call) => [call.payload.text, call.at]),
        [
          ["1", 0],
          ["2", 0],
          ["3", 0],
          ["outro", 0],
          ["4", 1_000],
          ["5", 2_000],
          ["depois", 3_000]
        ]
      )
    })
  )

  it.effect("lets a slow answer hold back its own chat only", () =>
    Effect.gen(function* () {
      const answer = yield* Deferred.make<unknown>()
      const { seen, send } = yield* openSender((call) => (chatOf(call) === 7 ? Deferred.await(answer) : Effect.void))
      const first = yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(7)] }))
      const second = yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(7)] }))
      for (let chat = 10; chat < 20; chat++) {
        yield* inTime(send({ bot: vip, lane: "shot", calls: [text(chat)] }))
        yield* send({ bot: vip, lane: "reply", calls: [text(chat)] })
      }
      assert.strictEqual(seen.filter((call) => chatOf(call) === 7).length, 1)
      yield* Deferred.succeed(answer, undefined)
      yield* Fiber.join(first)
      yield* Fiber.join(second)
      assert.strictEqual(seen.filter((call) => chatOf(call) === 7).length, 2)
    })
  )

  it.effect("lets a reply pass a shot to the same person that is under way or half sent", () =>
    Effect.gen(function* () {
      const answer = yield* Deferred.make<unknown>()
      const { seen, send } = yield* openSender((call) =>
        call.payload.text === "s1" ? Deferred.await(answer) : Effect.void
      )
      yield* Effect.forkChild(send({ bot: vip, lane: "shot", calls: [text(7, "s1"), text(7, "s2")] }))
      yield* TestClock.adjust(1)
      yield* send({ bot: vip, lane: "reply", calls: [text(7, "r1")] })
      yield* Deferred.succeed(answer, undefined)
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual(
        seen.map((call) => call.payload.text),
        ["s1", "r1", "s2"]
      )
    })
  )

  it.effect("forgets whoever is interrupted, waiting or under way", () =>
    Effect.gen(function* () {
      const { metric, seen, send } = yield* openSender((call) =>
        call.payload.text === "preso" ? Effect.never : Effect.void
      )
      const stuck = yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(7, "preso")] }))
      const behind = yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(7, "atrás")] }))
      const bulk: Array<Fiber.Fiber<unknown, unknown>> = []
      for (let chat = 10; chat < 14; chat++) {
        bulk.push(yield* Effect.forkChild(send({ bot: vip, lane: "shot", calls: [text(chat)] })))
      }
      yield* TestClock.adjust(1)
      assert.strictEqual(seen.length, 2)
      yield* Fiber.interruptAll([behind, ...bulk])
      assert.strictEqual(yield* metric("funil_lane_depth", { lane: "reply" }), 0)
      assert.strictEqual(yield* metric("funil_lane_depth", { lane: "shot" }), 0)
      yield* TestClock.adjust(1_000)
      assert.strictEqual(seen.length, 2)
      yield* Fiber.interrupt(stuck)
      yield* send({ bot: vip, lane: "reply", calls: [text(7, "livre")] })
      assert.strictEqual(seen.at(-1)?.payload.text, "livre")
    })
  )

  it.effect(
    "holds the bulk of a paused bot, uses the token of the moment, and fails what waits for a removed bot",
    () =>
      Effect.gen(function* () {
        const { change, seen, send } = yield* openSender(undefined, [vip])
        yield* change({ ...vip, active: false })
        const held = yield* Effect.forkChild(send({ bot: vip, lane: "shot", calls: [text(7)] }))
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(seen.length, 0)
        yield* change({ ...vip, token: Option.some(Redacted.make("1:second")) })
        yield* TestClock.adjust(1)
        yield* Fiber.join(held)
        assert.deepStrictEqual(
          seen.map((call) => call.token),
          ["1:second"]
        )
        yield* change({ ...vip, active: false })
        const orphan = yield* Effect.forkChild(send({ bot: vip, lane: "shot", calls: [text(7)] }))
        yield* TestClock.adjust(1)
        yield* change({ ...vip, active: false }, true)
        const error = yield* Effect.flip(Fiber.join(orphan))
        assert.strictEqual(error.reason._tag, "BotUnusable")
        assert.strictEqual(seen.length, 1)
      })
  )
})

describe("Sender: 429", () => {
  it.effect("waits it out, the message back in front, and another bot does not notice", () =>
    Effect.gen(function* () {
      const other = botNamed(2)
      const { log, metric, seen, send } = yield* openSender((_, index) =>
        index === 0 ? refuse(limited(3)) : Effect.void
      )
      for (let chat = 1; chat <= 4; chat++)
        yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(chat)] }))
      yield* TestClock.adjust(100)
      yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(50)] }))
      yield* send({ bot: other, lane: "reply", calls: [text(1)] })
      assert.deepStrictEqual(seen.map(chatOf), [1, 1])
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(seen.slice(2).map(chatOf), [1, 2, 3, 4, 50])
      assert.strictEqual(seen.at(-1)?.at, 3_000)
      assert.strictEqual(yield* metric("funil_telegram_429_total"), 1)
      assert.strictEqual((yield* log).match(/\[AVISO\] O Telegram pediu 3 s de pausa ao bot b1/g)?.length, 1)
    })
  )

  it.effect("gives a reply back when the pause is longer than a minute, with what is left of it", () =>
    Effect.gen(function* () {
      const { seen, send } = yield* openSender((_, index) => (index === 0 ? refuse(limited(300)) : Effect.void))
      const first = yield* Effect.flip(send({ bot: vip, lane: "reply", calls: [text(1)] }))
      assert.deepInclude(first.reason, { _tag: "RateLimited", retryAfterSeconds: 300 })
      yield* TestClock.adjust("200 seconds")
      const second = yield* Effect.flip(send({ bot: vip, lane: "reply", calls: [text(2)] }))
      assert.deepInclude(second.reason, { _tag: "RateLimited", retryAfterSeconds: 100 })
      const impatient = yield* Effect.flip(send({ bot: vip, lane: "shot", calls: [text(3)], patienceSeconds: 10 }))
      assert.deepInclude(impatient.reason, { _tag: "RateLimited", retryAfterSeconds: 100 })
      const bulk = yield* Effect.forkChild(send({ bot: vip, lane: "shot", calls: [text(4)] }))
      yield* TestClock.adjust("50 seconds")
      const third = yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(5)] }))
      assert.strictEqual(seen.length, 1)
      yield* TestClock.adjust("50 seconds")
      yield* Fiber.join(third)
      yield* Fiber.join(bulk)
      assert.deepStrictEqual(seen.map(chatOf), [1, 5, 4])
    })
  )

  it.effect("adds up: a reply that is limited again and again is given back after its minute", () =>
    Effect.gen(function* () {
      const { seen, send } = yield* openSender(() => refuse(limited(25)))
      const sending = yield* Effect.forkChild(Effect.flip(send({ bot: vip, lane: "reply", calls: [text(1)] })))
      yield* TestClock.adjust("2 minutes")
      const error = yield* Fiber.join(sending)
      assert.deepInclude(error.reason, { _tag: "RateLimited", retryAfterSeconds: 25 })
      assert.deepStrictEqual(times(seen), [0, 25_000, 50_000])
    })
  )

  it.effect("pauses only the person who had several messages at once", () =>
    Effect.gen(function* () {
      const { log, seen, send } = yield* openSender((call, index) =>
        chatOf(call) === 7 && index === 2 ? refuse(limited(5)) : Effect.void
      )
      yield* Effect.forkChild(send({ bot: vip, lane: "reply", calls: [text(7, "1"), text(7, "2"), text(7, "3")] }))
      yield* TestClock.adjust(10)
      assert.strictEqual(seen.length, 3)
      yield* send({ bot: vip, lane: "reply", calls: [text(8)] })
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(
        seen.map((call) => [chatOf(call), call.at]),
        [
          [7, 0],
          [7, 0],
          [7, 0],
          [8, 10],
          [7, 5_000]
        ]
      )
      assert.match(yield* log, /5 s de pausa à conversa 7 do bot b1/)
    })
  )

  it.effect("slows the bulk of the bot down afterwards", () =>
    Effect.gen(function* () {
      const { seen, send } = yield* openSender((_, index) => (index === 20 ? refuse(limited(2)) : Effect.void))
      for (let chat = 1; chat <= 200; chat++)
        yield* Effect.forkChild(send({ bot: vip, lane: "shot", calls: [text(chat)] }))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(seen.length, 21)
      yield* TestClock.adjust("2 seconds")
      const paused = seen.length
      yield* TestClock.adjust("2 seconds")
      assert.approximately((seen.length - paused) / 2, 29 * 0.8, 2)
      assert.strictEqual(chatOf(seen[21]!), 21)
    })
  )
})

describe("Sender: a bot that Telegram does not serve", () => {
  it.effect("tells its health, fails the message, and spares the rest of the bulk for a moment", () =>
    Effect.gen(function* () {
      const reason = new BotUnusable({ why: "unauthorized", description })
      const { refused, seen, send } = yield* openSender(
        (_, index) => (index === 0 ? refuse(reason) : Effect.void),
        [vip]
      )
      const error = yield* Effect.flip(send({ bot: { ...vip, name: "older" }, lane: "reply", calls: [text(1)] }))
      assert.strictEqual(error.reason._tag, "BotUnusable")
      yield* Effect.yieldNow
      assert.strictEqual(refused.length, 1)
      assert.strictEqual(refused[0]![0], vip)
      assert.strictEqual(refused[0]![1], reason)
      yield* Effect.forkChild(send({ bot: vip, lane: "shot", calls: [text(2)] }))
      yield* TestClock.adjust(1_900)
      assert.strictEqual(seen.length, 1)
      yield* TestClock.adjust(200)
      assert.strictEqual(seen.length, 2)
    })
  )

  it.effect("does not bother Telegram for a bot without a token, and tells nobody that a person is gone", () =>
    Effect.gen(function* () {
      const gone = new Gone({ why: "blocked", forGood: false, description })
      const { metric, refused, seen, send } = yield* openSender(() => refuse(gone))
      const none = yield* Effect.flip(
        send({ bot: botNamed(1, { token: Option.none() }), lane: "reply", calls: [text(1)] })
      )
      assert.deepInclude(none.reason, { _tag: "BotUnusable" })
      assert.strictEqual(seen.length, 0)
      const error = yield* Effect.flip(send({ bot: botNamed(2), lane: "reply", calls: [text(1)] }))
      assert.strictEqual(error.reason, gone)
      yield* Effect.yieldNow
      assert.deepStrictEqual(refused, [])
      assert.strictEqual(yield* metric("funil_sends_total", { lane: "reply", outcome: "gone" }), 1)
      assert.strictEqual(yield* metric("funil_sends_total", { lane: "reply", outcome: "bot_unusable" }), 1)
    })
  )
})
