import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Logger, Option } from "effect"
import { SqlError } from "effect/sql"
import { TestClock } from "effect/testing"
import { Bots } from "../../src/bots/Bots.ts"
import { Footing } from "../../src/engine/Footing.ts"
import { Handlers } from "../../src/engine/Handlers.ts"
import { Handling } from "../../src/engine/Handling.ts"
import { silent, type UpdateJob } from "../../src/engine/job.ts"
import { Leftovers } from "../../src/engine/Leftovers.ts"
import { Recorder } from "../../src/engine/Recorder.ts"
import type { Recording } from "../../src/repo/RecordingsRepo.ts"
import { UpdatesRepo } from "../../src/repo/UpdatesRepo.ts"
import { BotUnusable, RateLimited, Rejected, type TelegramReason, Unreachable } from "../../src/telegram/reasons.ts"
import { TelegramError } from "../../src/telegram/TelegramError.ts"
import { botNamed } from "../http/door.ts"
import { ana } from "../support/shop.ts"
import { nextUpdateId } from "../support/updates.ts"
import { alwaysOurs, startJob } from "./support.ts"

const because = (reason: TelegramReason) => new TelegramError({ method: "sendMessage", botId: 1, reason })
const refused = because(new Rejected({ code: 400, description: "chat not found" }))

type Handle = Handlers["Service"]["handle"]

interface Given {
  readonly footing?: Partial<Footing["Service"]>
  readonly updates?: Partial<UpdatesRepo["Service"]>
  readonly isActive?: () => boolean
}

const start = () => startJob(ana, nextUpdateId())

/** Runs one /start over a handler of the test's own, for as long as it takes. */
const runWith = Effect.fnUntraced(function* (
  handle: Handle,
  { footing = {}, updates = {}, isActive = () => true }: Given = {},
  along: ReadonlyArray<UpdateJob> = []
) {
  const recorded: Array<Recording> = []
  const dead: Array<number> = []
  const errors: Array<string> = []
  const context = yield* Layer.build(
    Handling.layer.pipe(
      Layer.provide([
        Layer.mock(Bots, {
          find: () => Option.none(),
          byId: () => Option.some({ ...botNamed("vip"), active: isActive() }),
          all: () => []
        }),
        Layer.succeed(Handlers, { handle, acknowledge: () => Effect.void }),
        Layer.succeed(Footing, { ...alwaysOurs, ...footing }),
        Layer.mock(Recorder, { record: (recording) => Effect.sync(() => void recorded.push(recording)) }),
        Layer.mock(UpdatesRepo, {
          saveAttempt: () => Effect.void,
          markDead: (key) => Effect.sync(() => void dead.push(key.updateId)),
          ...updates
        })
      ]),
      Layer.provideMerge(Leftovers.layer)
    )
  )
  const job = start()
  const running = yield* Context.get(context, Handling)
    .run(job, () => along)
    .pipe(
      Effect.provide(
        Layer.fresh(
          Logger.layer([
            Logger.make(({ logLevel, message }) => {
              if (logLevel === "Error") errors.push(String(message))
            })
          ])
        )
      ),
      Effect.forkChild({ startImmediately: true })
    )
  yield* TestClock.adjust("7 minutes")
  const over = (yield* Fiber.join(running)).map(({ updateId }) => updateId)
  return { job, over, recorded, dead, errors, leftovers: Context.get(context, Leftovers).present() }
})

describe("an update that fails again and again", () => {
  for (const [what, handle] of [
    ["because its handler fails", () => Effect.fail(refused)],
    ["because its handler dies of a defect", () => Effect.die(new Error("defeito"))],
    ["because its handler is interrupted from inside", () => Effect.interrupt],
    ["because its handler never comes to an end", () => Effect.never]
  ] satisfies ReadonlyArray<readonly [string, Handle]>) {
    it.effect(`${what} is set aside with one ERROR line`, () =>
      Effect.gen(function* () {
        const { dead, errors, job, over, recorded } = yield* runWith(handle)
        assert.deepStrictEqual([dead, recorded, over], [[job.updateId], [], [job.updateId]])
        assert.lengthOf(errors, 1)
        assert.match(errors[0]!, new RegExp(`A mensagem ${job.updateId} .* falhou 4 vezes e foi separada: .`))
      })
    )
  }

  it.effect("and cannot even be set aside, because the database is away, is not forgotten", () =>
    Effect.gen(function* () {
      const away = new SqlError.SqlError({ reason: new SqlError.ConnectionError({ cause: new Error("cut") }) })
      const { job, leftovers } = yield* runWith(() => Effect.fail(refused), {
        updates: { markDead: () => Effect.fail(away) }
      })
      assert.deepStrictEqual(leftovers, [{ botId: 1, updateId: job.updateId }])
    })
  )
})

describe("a further try", () => {
  it.effect("comes after 90 s for a handler that hangs", () =>
    Effect.gen(function* () {
      let tries = 0
      const { dead, recorded } = yield* runWith((_, job) =>
        Effect.suspend(() => (++tries === 1 ? Effect.never : Effect.succeed(silent(job))))
      )
      assert.deepStrictEqual([tries, recorded.length, dead.length], [2, 1, 0])
    })
  )

  it.effect("goes on behind the messages that the first one confirmed", () =>
    Effect.gen(function* () {
      const began: Array<number> = []
      yield* runWith((_, job) =>
        Effect.suspend(() => {
          began.push(job.progress)
          if (began.length === 2) return Effect.succeed(silent(job))
          // As the footing does it for each confirmed message.
          job.progress = 2
          return Effect.fail(refused)
        })
      )
      assert.deepStrictEqual(began, [0, 2])
    })
  )
})

describe("an update that Telegram does not take now", () => {
  for (const [what, reason, tries] of [
    ["because the bot has to pause for long", new RateLimited({ retryAfterSeconds: 90, description: "limited" }), 5],
    ["because Telegram is away", new Unreachable({ description: "rede: ECONNREFUSED" }), 12]
  ] satisfies ReadonlyArray<readonly [string, TelegramReason, number]>) {
    it.effect(`${what} is no failure of its own: it waits and is answered`, () =>
      Effect.gen(function* () {
        let tried = 0
        const { dead, errors, recorded } = yield* runWith((_, job) =>
          Effect.suspend(() => (++tried < tries ? Effect.fail(because(reason)) : Effect.succeed(silent(job))))
        )
        assert.deepStrictEqual([tried, recorded.length, dead, errors], [tries, 1, [], []])
      })
    )
  }

  it.effect("is answered by nobody when its bot was paused meanwhile", () =>
    Effect.gen(function* () {
      let tried = 0
      const limited = because(new RateLimited({ retryAfterSeconds: 120, description: "limited" }))
      const { dead, errors, job, recorded } = yield* runWith(
        () => Effect.suspend(() => Effect.fail((tried++, limited))),
        { isActive: () => tried === 0 }
      )
      assert.deepStrictEqual([tried, dead, errors], [1, [], []])
      assert.deepStrictEqual(recorded, [silent(job)])
    })
  )

  it.effect("because the token was revoked is kept for when the bot works again, and asked for no more", () =>
    Effect.gen(function* () {
      let tried = 0
      const revoked = because(new BotUnusable({ why: "unauthorized", description: "Unauthorized" }))
      const { dead, errors, job, recorded } = yield* runWith(
        () => Effect.suspend(() => Effect.fail((tried++, revoked))),
        { isActive: () => tried === 0 }
      )
      assert.deepStrictEqual([tried, dead, recorded, errors.length], [1, [job.updateId], [], 1])
    })
  )
})

describe("an update that another process has", () => {
  it.effect("is not begun", () =>
    Effect.gen(function* () {
      const result = yield* runWith(() => Effect.die("must not run"), {
        footing: { sure: () => Effect.succeed(false) }
      })
      assert.deepInclude(result, { over: [result.job.updateId], recorded: [], dead: [], errors: [], leftovers: [] })
    })
  )

  it.effect("is left by a handler that learns of it between two messages, which is no failure", () =>
    Effect.gen(function* () {
      let tries = 0
      const result = yield* runWith((_, job) =>
        Effect.suspend(() => {
          tries += 1
          job.hold.lost = true
          return Effect.interrupt
        })
      )
      assert.deepInclude(result, { over: [result.job.updateId], recorded: [], dead: [], errors: [], leftovers: [] })
      assert.strictEqual(tries, 1)
    })
  )
})

describe("an answer", () => {
  for (const answered of [true, false]) {
    it.effect(`that ${answered ? "reached" : "did not reach"} the person serves who waits behind: ${answered}`, () =>
      Effect.gen(function* () {
        const others = [start(), start()]
        const { job, over, recorded } = yield* runWith(
          (_, own) => Effect.succeed({ ...silent(own), answered }),
          {},
          others
        )
        const answeredIt = (answered ? [job, ...others] : [job]).map(({ updateId }) => updateId)
        assert.deepStrictEqual(over, answeredIt)
        assert.deepStrictEqual(
          recorded.map((one) => [one, ...(one.along ?? [])].map(({ updateId }) => updateId)),
          [answeredIt]
        )
      })
    )
  }
})
