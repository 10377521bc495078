import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { TestClock } from "effect/testing"
import { Dispatcher } from "../../src/engine/Dispatcher.ts"
import { Handling } from "../../src/engine/Handling.ts"
import type { UpdateJob } from "../../src/engine/job.ts"
import { Leftovers } from "../../src/engine/Leftovers.ts"
import { Pressure } from "../../src/engine/Pressure.ts"
import { Turns } from "../../src/engine/Turns.ts"
import { UpdatesRepo } from "../../src/repo/UpdatesRepo.ts"
import { buttonTap } from "../support/faults.ts"
import { privateMessage } from "../support/updates.ts"
import { aloneLayers, atOnce, jobFrom, startJob } from "./support.ts"

const person = (id: number) => ({ id, first_name: "Ana" })

// Different payloads: these are about order, not about wishes that are the same.
const job = (botId: number, personId: number, updateId: number): UpdateJob =>
  startJob(person(personId), updateId, `p${updateId}`, { botId })

type Run = Handling["Service"]["run"]

/** Runs `body` over a dispatcher whose handlers are these. */
const withHandling = <A, E>(
  given: Partial<Handling["Service"]>,
  body: Effect.Effect<A, E, Dispatcher | Leftovers>,
  turns: Layer.Layer<Turns> = Layer.succeed(Turns, atOnce)
) =>
  body.pipe(
    Effect.provide(
      Dispatcher.layer.pipe(
        Layer.provide(turns),
        Layer.provideMerge(Layer.mergeAll(...aloneLayers)),
        Layer.provide([Layer.mock(Handling, given), Layer.mock(UpdatesRepo, {}), Pressure.layer])
      )
    )
  )

const withHandler = <A, E>(
  run: (job: UpdateJob) => Effect.Effect<void>,
  body: Effect.Effect<A, E, Dispatcher>,
  runQuiet: (jobs: ReadonlyArray<UpdateJob>) => Effect.Effect<void> = () => Effect.void
) => withHandling({ run: (one) => Effect.as(run(one), [one]), runQuiet }, body)

describe("Dispatcher", () => {
  it.effect("runs one person's updates strictly in order and never two at once", () =>
    Effect.gen(function* () {
      const order: Array<number> = []
      const allDone = yield* Deferred.make<void>()
      let running = 0
      let overlapped = false
      const run = (job: UpdateJob) =>
        Effect.gen(function* () {
          running += 1
          overlapped ||= running > 1
          yield* Effect.yieldNow
          running -= 1
          order.push(job.updateId)
          if (order.length === 50) yield* Deferred.succeed(allDone, undefined)
        })
      yield* withHandler(
        run,
        Effect.gen(function* () {
          const dispatcher = yield* Dispatcher
          for (let id = 0; id < 50; id++) dispatcher.offer(job(1, 7, id))
          yield* Deferred.await(allDone)
        })
      )
      assert.isFalse(overlapped)
      assert.deepStrictEqual(
        order,
        Array.from({ length: 50 }, (_, id) => id)
      )
    })
  )

  it.effect("a slow handler holds only its own person", () =>
    Effect.gen(function* () {
      const slow = yield* Deferred.make<void>()
      const othersDone = yield* Deferred.make<void>()
      let others = 0
      const run = (job: UpdateJob) =>
        job.personId === 1
          ? Deferred.await(slow)
          : Effect.suspend(() =>
              ++others === 20 ? Effect.asVoid(Deferred.succeed(othersDone, undefined)) : Effect.void
            )
      yield* withHandler(
        run,
        Effect.gen(function* () {
          const dispatcher = yield* Dispatcher
          dispatcher.offer(job(1, 1, 1))
          dispatcher.offer(job(1, 1, 2))
          for (let id = 10; id < 30; id++) dispatcher.offer(job(1, id, id))
          yield* Deferred.await(othersDone)
          assert.strictEqual(dispatcher.size(), 2)
          yield* Deferred.succeed(slow, undefined)
        })
      )
    })
  )

  it.effect("takes an update that is already here only once, and again after it is done", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const second = yield* Deferred.make<void>()
      let runs = 0
      const run = () =>
        Effect.gen(function* () {
          runs += 1
          if (runs === 2) yield* Deferred.succeed(second, undefined)
          yield* Deferred.await(gate)
        })
      yield* withHandler(
        run,
        Effect.gen(function* () {
          const dispatcher = yield* Dispatcher
          for (let i = 0; i < 5; i++) dispatcher.offer(job(1, 7, 1))
          assert.strictEqual(dispatcher.size(), 1)
          yield* Deferred.succeed(gate, undefined)
          while (dispatcher.size() > 0) yield* Effect.yieldNow
          dispatcher.offer(job(1, 7, 1))
          yield* Deferred.await(second)
        })
      )
      assert.strictEqual(runs, 2)
    })
  )

  it.effect("hands what gets no answer over in one batch, past a slow handler of the same person", () =>
    Effect.gen(function* () {
      const slow = yield* Deferred.make<void>()
      const batches: Array<ReadonlyArray<number>> = []
      const seen = yield* Deferred.make<void>()
      const text = (id: number) => jobFrom(privateMessage(person(7), "oi", id))
      yield* withHandler(
        () => Deferred.await(slow),
        Effect.gen(function* () {
          const dispatcher = yield* Dispatcher
          dispatcher.offer(job(1, 7, 1))
          for (const id of [2, 3, 3, 4]) dispatcher.offer(text(id))
          yield* Deferred.await(seen)
          yield* Deferred.succeed(slow, undefined)
        }),
        (jobs) =>
          Effect.suspend(() => {
            batches.push(jobs.map((one) => one.updateId))
            return Effect.asVoid(Deferred.succeed(seen, undefined))
          })
      )
      assert.deepStrictEqual(batches, [[2, 3, 4]])
    })
  )

  it.effect("keeps the order of Telegram's numbers among those that wait, whatever order they came in", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const allDone = yield* Deferred.make<void>()
      const order: Array<number> = []
      const run = (one: UpdateJob) =>
        Effect.gen(function* () {
          yield* Deferred.await(gate)
          order.push(one.updateId)
          if (order.length === 5) yield* Deferred.succeed(allDone, undefined)
        })
      yield* withHandler(
        run,
        Effect.gen(function* () {
          const dispatcher = yield* Dispatcher
          dispatcher.offer(job(1, 7, 20))
          yield* Effect.yieldNow
          for (const id of [24, 22, 10, 23]) dispatcher.offer(job(1, 7, id))
          yield* Deferred.succeed(gate, undefined)
          yield* Deferred.await(allDone)
        })
      )
      assert.deepStrictEqual(order, [20, 10, 22, 23, 24])
    })
  )

  it.effect("a handler that breaks holds neither its person nor its update's place", () =>
    Effect.gen(function* () {
      const second = yield* Deferred.make<void>()
      const run: Run = (one) =>
        one.updateId === 1 ? Effect.die(new Error("defeito")) : Effect.as(Deferred.succeed(second, undefined), [one])
      yield* withHandling(
        { run },
        Effect.gen(function* () {
          const dispatcher = yield* Dispatcher
          const leftovers = yield* Leftovers
          dispatcher.offer(job(1, 7, 1))
          dispatcher.offer(job(1, 7, 2))
          yield* Deferred.await(second)
          while (dispatcher.size() > 0) yield* Effect.yieldNow
          assert.deepStrictEqual(leftovers.present(), [{ botId: 1, updateId: 1 }])
        })
      )
    })
  )

  it.effect(
    "whoever's turn breaks is looked for again with all that waited behind, and the next update gets its turn",
    () =>
      Effect.gen(function* () {
        const done = yield* Deferred.make<UpdateJob>()
        let turns = 0
        const breakingOnce = Turns.of({
          during: (_, work) =>
            Effect.suspend(() =>
              ++turns === 1 ? Effect.andThen(Effect.yieldNow, Effect.die(new Error("defeito"))) : work
            ),
          keep: () => Effect.void
        })
        yield* withHandling(
          { run: (one) => Effect.as(Deferred.succeed(done, one), [one]) },
          Effect.gen(function* () {
            const dispatcher = yield* Dispatcher
            const leftovers = yield* Leftovers
            const [first, second, third] = [job(1, 7, 1), job(1, 7, 2), job(1, 7, 3)]
            dispatcher.offer(first)
            dispatcher.offer(second)
            while (dispatcher.size() > 0) yield* Effect.yieldNow
            assert.deepStrictEqual(
              leftovers.present(),
              [first, second].map(({ botId, updateId }) => ({ botId, updateId }))
            )
            dispatcher.offer(third)
            assert.strictEqual(yield* Deferred.await(done), third)
          }),
          Layer.succeed(Turns, breakingOnce)
        )
      })
  )

  it.effect("a batch of quiet updates that breaks is looked for again, and the next one gets its turn", () =>
    Effect.gen(function* () {
      const done = yield* Deferred.make<ReadonlyArray<UpdateJob>>()
      let batches = 0
      const runQuiet = (jobs: ReadonlyArray<UpdateJob>) =>
        Effect.suspend(() =>
          ++batches === 1 ? Effect.die(new Error("defeito")) : Effect.asVoid(Deferred.succeed(done, jobs))
        )
      yield* withHandling(
        { runQuiet },
        Effect.gen(function* () {
          const dispatcher = yield* Dispatcher
          const leftovers = yield* Leftovers
          const text = jobFrom(privateMessage(person(7), "oi", 5))
          dispatcher.offer(text)
          while (dispatcher.size() > 0) yield* Effect.yieldNow
          assert.deepStrictEqual(leftovers.present(), [{ botId: 1, updateId: 5 }])
          dispatcher.offer(text)
          yield* TestClock.adjust("1 second")
          assert.deepStrictEqual(yield* Deferred.await(done), [text])
        })
      )
    })
  )

  it.effect("takes nothing from the database that ended while the question was under way", () =>
    Effect.gen(function* () {
      const runs: Array<number> = []
      const gate = yield* Deferred.make<void>()
      yield* withHandler(
        (one) =>
          Effect.andThen(
            Deferred.await(gate),
            Effect.sync(() => void runs.push(one.updateId))
          ),
        Effect.gen(function* () {
          const dispatcher = yield* Dispatcher
          const [ending, waiting] = [job(1, 7, 1), job(1, 8, 2)]
          dispatcher.offer(ending)
          const found = Effect.gen(function* () {
            yield* Deferred.succeed(gate, undefined)
            while (dispatcher.size() > 0) yield* Effect.yieldNow
            return [ending, waiting]
          })
          assert.deepStrictEqual(yield* dispatcher.adopt(found), { found: 2, adopted: 1 })
          while (dispatcher.size() > 0) yield* Effect.yieldNow
        })
      )
      assert.deepStrictEqual(runs, [1, 2])
    })
  )

  it.effect("at a stop the running handler ends, and what waits behind it stays for others", () =>
    Effect.gen(function* () {
      const begun = yield* Deferred.make<void>()
      const runs: Array<number> = []
      const run = (one: UpdateJob) =>
        Effect.gen(function* () {
          yield* Deferred.succeed(begun, undefined)
          yield* Effect.yieldNow
          runs.push(one.updateId)
        })
      yield* withHandler(
        run,
        Effect.gen(function* () {
          const dispatcher = yield* Dispatcher
          for (const id of [1, 2, 3]) dispatcher.offer(job(1, 7, id))
          yield* Deferred.await(begun)
        })
      )
      assert.deepStrictEqual(runs, [1])
    })
  )
})

describe("repeated wishes of one person", () => {
  /** What is run, and with what along, when these come while the first one is under way. */
  const runsOf = Effect.fnUntraced(function* (jobs: ReadonlyArray<UpdateJob>) {
    const gate = yield* Deferred.make<void>()
    const runs: Array<ReadonlyArray<number>> = []
    const acknowledged: Array<number> = []
    const run: Run = (one, along) =>
      Effect.gen(function* () {
        yield* Deferred.await(gate)
        const others = along()
        runs.push([one, ...others].map(({ updateId }) => updateId))
        return [one, ...others]
      })
    yield* withHandling(
      { run, acknowledge: (one) => Effect.sync(() => void acknowledged.push(one.updateId)) },
      Effect.gen(function* () {
        const dispatcher = yield* Dispatcher
        dispatcher.offer(jobs[0]!)
        yield* Effect.yieldNow
        jobs.slice(1).forEach(dispatcher.offer)
        yield* Deferred.succeed(gate, undefined)
        while (dispatcher.size() > 0) yield* Effect.yieldNow
      })
    )
    return { runs, acknowledged }
  })

  it.effect("eight /starts are one greeting; another payload is another one", () =>
    Effect.gen(function* () {
      const starts = [1, 2, 3, 4].map((id) => startJob(person(7), id))
      const other = startJob(person(7), 5, "anuncio")
      const { runs } = yield* runsOf([...starts, other, startJob(person(7), 6), startJob(person(7), 7)])
      assert.deepStrictEqual(runs, [[1, 2, 3, 4], [5], [6, 7]])
    })
  )

  it.effect(
    "one that comes too late for the answer, but with an earlier number, gets its own and nobody else's end",
    () =>
      Effect.gen(function* () {
        const [sent, answered, recorded] = [
          yield* Deferred.make<void>(),
          yield* Deferred.make<void>(),
          yield* Deferred.make<void>()
        ]
        const runs: Array<ReadonlyArray<number>> = []
        const run: Run = (one, along) =>
          Effect.gen(function* () {
            yield* Deferred.await(sent)
            const others = along()
            yield* Deferred.succeed(answered, undefined)
            yield* Deferred.await(recorded)
            runs.push([one, ...others].map(({ updateId }) => updateId))
            return [one, ...others]
          })
        yield* withHandling(
          { run, acknowledge: () => Effect.void },
          Effect.gen(function* () {
            const dispatcher = yield* Dispatcher
            for (const id of [100, 102, 103]) dispatcher.offer(startJob(person(7), id))
            yield* Deferred.succeed(sent, undefined)
            yield* Deferred.await(answered)
            dispatcher.offer(startJob(person(7), 101))
            yield* Deferred.succeed(recorded, undefined)
            while (dispatcher.size() > 0) yield* Effect.yieldNow
          })
        )
        assert.deepStrictEqual(runs, [[100, 102, 103], [101]])
      })
  )

  it.effect("taps on one plan are one PIX, each of them acknowledged when it comes; other buttons are not", () =>
    Effect.gen(function* () {
      const taps = ["p:3", "p:3", "p:3", "p:4", "v:9", "v:9"].map((data, i) =>
        jobFrom(buttonTap(person(7), data, i + 1))
      )
      const { acknowledged, runs } = yield* runsOf(taps)
      assert.deepStrictEqual(runs, [[1, 2, 3], [4], [5], [6]])
      assert.deepStrictEqual(acknowledged, [2, 3])
    })
  )
})
