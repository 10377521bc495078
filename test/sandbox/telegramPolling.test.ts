import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { makeBot } from "../../src/sandbox/telegram/Bot.ts"
import { type Later, poll } from "../../src/sandbox/telegram/Polling.ts"
import type { Refusal } from "../../src/sandbox/telegram/Refusal.ts"
import { enqueue } from "../../src/sandbox/telegram/updates.ts"
import { World } from "../../src/sandbox/telegram/World.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { botCall, TOKEN } from "./support.ts"

const ANA = 21

const setup = Effect.gen(function* () {
  const telegram = yield* SandboxTelegram
  const bot = yield* telegram.addBot({ token: TOKEN })
  yield* telegram.person({ id: ANA })
  const poll = (body: object = {}) => botCall(telegram.url, "getUpdates", body).pipe(Effect.map(({ json }) => json))
  const ids = (body: object = {}) =>
    poll(body).pipe(
      Effect.map(({ result }) => (result as ReadonlyArray<{ update_id: number }>).map((one) => one.update_id))
    )
  return { telegram, bot, poll, ids }
})

const fresh = <A, E>(test: Effect.Effect<A, E, SandboxTelegram>) =>
  test.pipe(Effect.provide(SandboxTelegram.layerWith({})))

describe("getUpdates of the Telegram stand-in", () => {
  it.live("answers what waits, confirms by offset, limits, and counts from the end", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, ids } = yield* setup
        const sent: Array<number> = []
        for (const text of ["1", "2", "3", "4"]) sent.push((yield* telegram.sendText(bot, ANA, text)).updateId)
        const [first, second, third, fourth] = sent as [number, number, number, number]
        assert.deepStrictEqual(yield* ids(), sent)
        assert.deepStrictEqual(yield* ids({ limit: 2 }), [first, second])
        assert.deepStrictEqual(yield* ids({ offset: second }), [second, third, fourth])
        assert.deepStrictEqual(yield* ids({ offset: -1 }), [fourth])
        assert.deepStrictEqual(yield* ids({ offset: fourth + 1 }), [])
        yield* telegram.redeliver(bot, third)
        assert.deepStrictEqual(yield* ids(), [third])
      })
    )
  )

  it("holds a request until an update comes, and ends it when another one polls", () => {
    const bot = makeBot(1, { token: TOKEN })
    const world = new World({})
    const answers: Array<unknown> = []
    const ask = () => poll(bot, { offset: 0, limit: 100, timeoutSeconds: 50 })
    const hold = () => (ask() as Later).start((answer) => answers.push(answer))
    hold()
    assert.deepStrictEqual(answers, [])
    hold()
    const [refused] = answers as [Refusal]
    assert.deepStrictEqual(
      [refused.code, refused.message],
      [409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"]
    )
    const id = enqueue(world, bot, "message", "m1", { text: "oi" })
    assert.deepStrictEqual(answers[1], [{ update_id: id, message: { text: "oi" } }])
    assert.deepStrictEqual(ask(), answers[1])
    bot.updates.clear()
    const giveUp = hold()
    giveUp()
    assert.isUndefined(bot.poll)
  })

  it.live("answers a waiting request over HTTP, and refuses polling beside a webhook", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, poll, ids } = yield* setup
        const waiting = yield* Effect.forkChild(ids({ timeout: 50 }))
        const { updateId } = yield* telegram.sendText(bot, ANA, "oi")
        assert.deepStrictEqual(yield* Fiber.join(waiting), [updateId])
        assert.deepStrictEqual(yield* ids({ offset: updateId + 1, timeout: 1 }), [])
        yield* botCall(telegram.url, "setWebhook", { url: "https://loja.example/x" })
        assert.strictEqual(
          (yield* poll()).description,
          "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        )
      })
    )
  )

  it.live("hands out only what was asked for, and keeps the last list when none is given", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, ids, poll } = yield* setup
        const kinds = poll().pipe(
          Effect.map(({ result }) => (result as ReadonlyArray<object>).map((update) => Object.keys(update)[1]))
        )
        yield* telegram.addGroup(bot, { id: -100_1 })
        const link = (yield* botCall(telegram.url, "createChatInviteLink", { chat_id: -100_1 })).json.result
          .invite_link as string
        yield* ids({ allowed_updates: JSON.stringify(["callback_query", "chat_member"]) })
        yield* telegram.sendText(bot, ANA, "não pedida")
        yield* telegram.tap(bot, ANA, 1, "x", { forged: true })
        yield* telegram.join(ANA, link)
        assert.deepStrictEqual(yield* kinds, ["callback_query", "chat_member"])
        yield* ids({ allowed_updates: [] })
        yield* telegram.leave(ANA, -100_1)
        yield* telegram.sendText(bot, ANA, "pedida")
        assert.deepStrictEqual(yield* kinds, ["callback_query", "chat_member", "message"])
      })
    )
  )
})
