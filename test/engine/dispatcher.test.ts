import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import { Dispatcher } from "../../src/engine/Dispatcher.ts"
import { Handling } from "../../src/engine/Handling.ts"
import type { UpdateJob } from "../../src/engine/job.ts"
import { Pressure } from "../../src/engine/Pressure.ts"

const person = { telegramId: 7, name: "Ana", firstName: "Ana", username: undefined, languageCode: undefined }

const job = (botId: number, personId: number | null, updateId: number): UpdateJob => ({
  botId,
  updateId,
  personId,
  kind: "start",
  payload: "{}",
  requestId: `r${updateId}`,
  receivedAt: new Date(0),
  attempts: 0,
  progress: 0,
  incoming: { kind: "start", person, payload: undefined }
})

/** Runs `body` over a dispatcher whose handlers are `run` and `runQuiet`. */
const withHandler = <A, E>(
  run: (job: UpdateJob) => Effect.Effect<void>,
  body: Effect.Effect<A, E, Dispatcher>,
  runQuiet: (jobs: ReadonlyArray<UpdateJob>) => Effect.Effect<void> = () => Effect.void
) =>
  body.pipe(
    Effect.provide(
      Dispatcher.layer.pipe(Layer.provide([Layer.succeed(Handling, Handling.of({ run, runQuiet })), Pressure.layer]))
    )
  )

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
      const text = (id: number): UpdateJob => ({ ...job(1, 7, id), incoming: { kind: "text", person, text: "oi" } })
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
})
