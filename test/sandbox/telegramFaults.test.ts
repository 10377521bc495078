import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import { RateGuard } from "../../src/sandbox/telegram/RateGuard.ts"
import { resolveOptions } from "../../src/sandbox/telegram/Options.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { botCall, TOKEN } from "./support.ts"

const setup = Effect.gen(function* () {
  const telegram = yield* SandboxTelegram
  const bot = yield* telegram.addBot({ token: TOKEN })
  for (const id of [31, 32]) {
    yield* telegram.person({ id })
    yield* telegram.sendText(bot, id, "oi")
  }
  const send = (chat_id: number) => botCall(telegram.url, "sendMessage", { chat_id, text: "oi" })
  const texts = (id: number) =>
    telegram.chat(bot, id).pipe(Effect.map((messages) => messages.filter(({ from }) => from === "bot").length))
  return { telegram, bot, send, texts }
})

const fresh = <A, E>(test: Effect.Effect<A, E, SandboxTelegram>) =>
  test.pipe(Effect.provide(SandboxTelegram.layerWith({})))

describe("faults of the Telegram stand-in", () => {
  it.live("meet the chosen bot, chat and method, as often as they are armed for", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, send } = yield* setup
        yield* telegram.fail({
          match: { bot: bot.id, chat: 31, method: "sendMessage" },
          times: 2,
          answer: { kind: "limited", retryAfter: 7 }
        })
        assert.strictEqual((yield* send(32)).status, 200)
        const limited = yield* send(31)
        assert.deepStrictEqual(limited.json, {
          ok: false,
          error_code: 429,
          description: "Too Many Requests: retry after 7",
          parameters: { retry_after: 7 }
        })
        assert.strictEqual(limited.headers["retry-after"], "7")
        assert.deepStrictEqual([(yield* send(31)).status, (yield* send(31)).status], [429, 200])
        const fault = yield* telegram.fail({
          match: {},
          times: Infinity,
          answer: { kind: "forbidden", description: "Forbidden: bot was blocked by the user" }
        })
        assert.deepStrictEqual([(yield* send(31)).status, (yield* send(32)).status], [403, 403])
        yield* telegram.disarm(fault)
        yield* telegram.fail({ match: {}, answer: { kind: "server" } })
        const down = yield* send(31)
        assert.deepStrictEqual([down.status, down.headers["content-type"], down.json], [502, "text/html", undefined])
        const upgrade = { migrate_to_chat_id: -100_5 }
        const description = "Bad Request: group chat was upgraded to a supergroup chat"
        yield* telegram.fail({ match: {}, answer: { kind: "refused", description, parameters: upgrade } })
        assert.deepStrictEqual((yield* send(31)).json.parameters, upgrade)
        assert.strictEqual((yield* telegram.counters).faulted, 6)
      })
    )
  )

  it.live("lose answers before or after the effect took place", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, send, texts } = yield* setup
        for (const [applied, seen] of [
          [false, 0],
          [true, 1]
        ] as const) {
          yield* telegram.fail({ match: {}, answer: { kind: "reset", applied } })
          assert.isTrue(Exit.isFailure(yield* Effect.exit(send(31))))
          assert.strictEqual(yield* texts(31), seen)
        }
        yield* telegram.fail({ match: {}, answer: { kind: "timeout", applied: true } })
        // The hanging call is seen by the stand-in at once, although its caller never hears of it.
        const hanging = telegram.waitFor(({ fault, params }) => fault === "fault" && params.chat_id === 32)
        const call = yield* Effect.raceFirst(hanging, send(32).pipe(Effect.andThen(Effect.die("answered"))))
        assert.deepStrictEqual([call.status, call.ok], [0, false])
        assert.strictEqual(yield* texts(32), 1)
        yield* telegram.fail({ match: {}, answer: { kind: "server", status: 500, applied: true } })
        assert.strictEqual((yield* send(32)).status, 500)
        assert.strictEqual(yield* texts(32), 2)
      })
    )
  )

  it.live("enforce the limits when told to, with counters per bot", () =>
    fresh(
      Effect.gen(function* () {
        const { telegram, bot, send } = yield* setup
        yield* telegram.configure({ rate: { chatBurst: 2 } })
        const statuses = [
          (yield* send(31)).status,
          (yield* send(31)).status,
          (yield* send(31)).status,
          (yield* send(32)).status
        ]
        assert.deepStrictEqual(statuses, [200, 200, 429, 200])
        assert.deepStrictEqual((yield* telegram.counters).limited, { [bot.id]: 1 })
      })
    )
  )
})

describe("the limits that can be enforced", () => {
  const guard = (rate: object) => new RateGuard(resolveOptions({ rate }))
  const send = (limits: RateGuard, now: number, chat: number, paid = false) =>
    limits.waitOf(1, "sendmessage", chat, paid, now)

  it("let a bot send 30 a second for ever, and stop a faster one after its burst", () => {
    const steady = guard({})
    const hasty = guard({})
    let refused = 0
    for (let index = 0; index < 3000; index++) {
      assert.strictEqual(send(steady, (index * 1000) / 30, index), 0)
      if (send(hasty, (index * 1000) / 33, index) > 0) refused++
    }
    assert.isAbove(refused, 0)
  })

  it("keep who was refused away for the whole wait", () => {
    const limits = guard({ chatBurst: 1 })
    assert.strictEqual(send(limits, 0, 5), 0)
    assert.strictEqual(send(limits, 500, 5), 1)
    assert.strictEqual(send(limits, 1200, 5), 1)
    assert.strictEqual(send(limits, 2200, 5), 0)
    assert.strictEqual(send(limits, 2200, 6), 0)
  })

  it("count paid broadcasts, groups, edits and other methods apart", () => {
    const limits = guard({ botBurst: 1, groupPerMinute: 2 })
    assert.strictEqual(send(limits, 0, 1), 0)
    assert.strictEqual(send(limits, 0, 2, true), 0)
    assert.isAbove(send(limits, 0, 3), 0)
    assert.strictEqual(limits.waitOf(1, "answercallbackquery", undefined, false, 0), 0)
    assert.strictEqual(limits.waitOf(1, "sendchataction", 1, false, 0), 0)
    assert.strictEqual(limits.waitOf(1, "editmessagetext", 4, false, 0), 0)
    assert.deepStrictEqual(
      [send(limits, 5000, -9, true), send(limits, 5000, -9, true), send(limits, 5000, -9, true)],
      [0, 0, 30]
    )
  })
})
