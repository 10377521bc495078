import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Option } from "effect"
import { TestClock } from "effect/testing"
import { Bots } from "../../src/bots/Bots.ts"
import type { Bot } from "../../src/domain/bot.ts"
import { Footing } from "../../src/engine/Footing.ts"
import { Handlers } from "../../src/engine/Handlers.ts"
import { Handling } from "../../src/engine/Handling.ts"
import { jobOf, silent, type UpdateJob } from "../../src/engine/job.ts"
import { Leftovers } from "../../src/engine/Leftovers.ts"
import { Recorder } from "../../src/engine/Recorder.ts"
import { parseUpdate } from "../../src/engine/update.ts"
import type { Recording } from "../../src/repo/RecordingsRepo.ts"
import { UpdatesRepo } from "../../src/repo/UpdatesRepo.ts"
import { Rejected } from "../../src/telegram/reasons.ts"
import { TelegramError } from "../../src/telegram/TelegramError.ts"
import { botNamed } from "../http/door.ts"
import { growth } from "../support/metrics.ts"
import { ana } from "../support/shop.ts"
import { privateMessage } from "../support/updates.ts"
import { alwaysOurs } from "./support.ts"

const refused = new TelegramError({
  method: "sendMessage",
  botId: 1,
  reason: new Rejected({ code: 400, description: "chat not found" })
})

const job = (text: string, botId = 1): UpdateJob => {
  const json = privateMessage(ana, text)
  const incoming = parseUpdate(json)
  const row = {
    botId,
    updateId: json.update_id,
    personId: ana.id,
    kind: incoming.kind,
    payload: JSON.stringify(json),
    requestId: "r",
    receivedAt: new Date(0),
    attempts: 0,
    progress: 0
  }
  return jobOf(row, incoming, "processo")
}

const nothingAlong = () => []

/** The engine's middle over a handler of the test's own; what was recorded and what was set aside. */
const setUp = Effect.fnUntraced(function* (handle: Handlers["Service"]["handle"]) {
  const recorded: Array<Recording> = []
  const dead: Array<number> = []
  const bots = new Map<number, Bot>([
    [1, botNamed("metricas")],
    [2, botNamed("parado", { id: 2, active: false })]
  ])
  const record = (...recordings: ReadonlyArray<Recording>) => Effect.sync(() => void recorded.push(...recordings))
  const context = yield* Layer.build(
    Handling.layer.pipe(
      Layer.provide([
        Layer.mock(Bots, {
          find: () => Option.none(),
          byId: (id) => Option.fromUndefinedOr(bots.get(id)),
          all: () => [...bots.values()]
        }),
        Layer.succeed(Handlers, { handle, acknowledge: () => Effect.void }),
        Layer.succeed(Footing, alwaysOurs),
        Leftovers.layer,
        Layer.mock(Recorder, { record, recordAll: (all) => record(...all) }),
        Layer.mock(UpdatesRepo, {
          saveAttempt: () => Effect.void,
          markDead: (key) => Effect.sync(() => void dead.push(key.updateId))
        })
      ])
    )
  )
  return { handling: yield* Effect.provide(Handling, context), recorded, dead }
})

describe("Handling", () => {
  it.effect("sets a poison update aside after its tries, and counts each of them", () =>
    Effect.gen(function* () {
      const { dead, handling, recorded } = yield* setUp(() => Effect.fail(refused))
      const grown = yield* growth
      const poison = job("/start")
      const running = yield* Effect.forkChild(handling.run(poison, nothingAlong), { startImmediately: true })
      yield* TestClock.adjust("11 seconds")
      yield* Fiber.join(running)
      assert.deepStrictEqual([dead, recorded], [[poison.updateId], []])
      assert.strictEqual(yield* grown('funil_handler_seconds_count{kind="start",result="failed"}'), 4)
      assert.strictEqual(yield* grown('funil_updates_total{kind="start",result="retried"}'), 3)
      assert.strictEqual(yield* grown('funil_updates_total{kind="start",result="dead"}'), 1)
      assert.strictEqual(yield* grown('funil_updates_total{kind="start",result="done"}'), 0)
      assert.strictEqual(yield* grown('funil_updates_dead_total{bot="metricas"}'), 1)
      assert.strictEqual(yield* grown('funil_bot_updates_total{bot="metricas"}'), 1)
    })
  )

  it.effect("counts what is handled, by kind, and what a paused bot keeps silent about", () =>
    Effect.gen(function* () {
      const { handling, recorded } = yield* setUp((_, one) => Effect.succeed(silent(one)))
      const grown = yield* growth
      yield* handling.run(job("/start"), nothingAlong)
      yield* handling.run(job("/start", 2), nothingAlong)
      yield* handling.runQuiet([job("oi"), job("tudo bem?"), job("alô", 2), job("quem?", 3)])
      assert.lengthOf(recorded, 6)
      assert.strictEqual(yield* grown('funil_handler_seconds_count{kind="start",result="ok"}'), 1)
      assert.strictEqual(yield* grown('funil_updates_total{kind="start",result="done"}'), 1)
      assert.strictEqual(yield* grown('funil_updates_total{kind="start",result="silent"}'), 1)
      assert.strictEqual(yield* grown('funil_updates_total{kind="text",result="done"}'), 2)
      assert.strictEqual(yield* grown('funil_updates_total{kind="text",result="silent"}'), 2)
      assert.strictEqual(yield* grown('funil_bot_updates_total{bot="metricas"}'), 3)
      assert.strictEqual(yield* grown('funil_bot_updates_total{bot="parado"}'), 0)
    })
  )
})
