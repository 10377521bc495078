import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Latch, Layer, Option, Queue } from "effect"
import { SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import { Bots } from "../../src/bots/Bots.ts"
import { Catalogue, type LoadedBot } from "../../src/bots/Catalogue.ts"
import { type Change, Changes } from "../../src/db/Changes.ts"
import type { Bot } from "../../src/domain/bot.ts"
import { untracked } from "../../src/domain/tracking.ts"
import { loggerLayer } from "../../src/log/Logger.ts"
import type { BotKeys } from "../../src/repo/botKeys.ts"

const loaded = (name: string): LoadedBot => {
  const bot: Bot = {
    id: 1,
    slug: "vip",
    name,
    username: Option.none(),
    gateway: "pushinpay",
    secondGateway: Option.none(),
    maxPixPerHour: 10,
    active: false,
    token: Option.none(),
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
  // Nothing here looks at the row but for its `active`.
  return {
    bot,
    row: { active: false } as LoadedBot["row"],
    opened: { token: Option.none(), source: "none", broken: false },
    plans: []
  }
}

/** The memory over a database that the test holds in its hand. */
const setUp = Effect.fnUntraced(function* (
  load: (keys?: BotKeys) => Effect.Effect<ReadonlyArray<LoadedBot>, SqlError.SqlError>
) {
  const changes = yield* Queue.unbounded<Change>()
  const lines: Array<string> = []
  const context = yield* Layer.build(
    Bots.layer.pipe(
      Layer.provide(Layer.succeed(Catalogue, Catalogue.of({ load }))),
      Layer.provide(Layer.succeed(Changes, Changes.of({ subscribe: Effect.succeed(changes) }))),
      Layer.provide(loggerLayer({ level: "warn", format: "text", write: (text) => void lines.push(text) }))
    )
  )
  return { bots: yield* Effect.provide(Bots, context), changes, lines }
})

const away = new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause: new Error("ECONNREFUSED") }) })

describe("Bots: refreshing", () => {
  it.effect("tries again until the database answers, and says so", () =>
    Effect.gen(function* () {
      let failures = 0
      const { bots, lines } = yield* setUp(() => {
        if (failures === 0) return Effect.succeed([loaded("Antes")])
        return --failures === 0 ? Effect.succeed([loaded("Depois")]) : Effect.fail(away)
      })
      failures = 4
      const reloading = yield* Effect.forkChild(bots.reload(1), { startImmediately: true })
      yield* TestClock.adjust("1399 millis")
      assert.isUndefined(reloading.pollUnsafe())
      assert.strictEqual(Option.getOrThrow(bots.find("vip")).name, "Antes")
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(reloading)
      assert.strictEqual(Option.getOrThrow(bots.find("vip")).name, "Depois")
      yield* Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))
      assert.strictEqual(lines.join("").match(/WARN .*Não consegui ler a configuração dos bots/g)?.length, 3)
    })
  )

  it.effect("reads what changes during a reading together, once; after a lost connection everything", () =>
    Effect.gen(function* () {
      const asked: Array<BotKeys | undefined> = []
      const latch = yield* Latch.make(true)
      const { changes } = yield* setUp((keys) =>
        Effect.suspend(() => {
          asked.push(keys)
          return Effect.as(latch.await, [loaded("Vip")])
        })
      )
      yield* latch.close
      const row = (more: object): Change => ({ _tag: "Row", table: "bots", ...more })
      yield* Queue.offer(changes, row({ botId: 1 }))
      yield* TestClock.adjust(0)
      yield* Queue.offerAll(changes, [row({ botId: 1 }), row({ botId: 2 }), row({ slug: "vip" }), row({ botId: 2 })])
      yield* TestClock.adjust(0)
      yield* latch.open
      yield* TestClock.adjust(0)
      yield* Queue.offerAll(changes, [row({ botId: 3 }), { _tag: "Resync" }])
      yield* Queue.offer(changes, row({}))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(asked, [undefined, { ids: [1], slugs: [] }, { ids: [1, 2], slugs: ["vip"] }, undefined])
    })
  )

  it.effect("goes on after a reading that broke off, with one of everything", () =>
    Effect.gen(function* () {
      const asked: Array<BotKeys | undefined> = []
      const { changes } = yield* setUp((keys) =>
        Effect.suspend(() => (asked.push(keys) === 2 ? Effect.interrupt : Effect.succeed([loaded("Vip")])))
      )
      yield* Queue.offer(changes, { _tag: "Row", table: "bots", botId: 1 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(asked, [undefined, { ids: [1], slugs: [] }, undefined])
    })
  )
})
