import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Layer } from "effect"
import fc from "fast-check"
import { Dispatcher } from "../../src/engine/Dispatcher.ts"
import { Handling } from "../../src/engine/Handling.ts"
import type { UpdateJob } from "../../src/engine/job.ts"
import { Overflow, refillBatch } from "../../src/engine/Overflow.ts"
import { Pressure } from "../../src/engine/Pressure.ts"
import { UpdatesRepo } from "../../src/repo/UpdatesRepo.ts"
import { aloneLayers, startJob } from "./support.ts"

const limits = { fullAt: 20, roomBelow: 10 }
const people = 7

const jobNumber = (id: number): UpdateJob =>
  startJob({ id: 1 + (id % people), first_name: "Ana" }, id, `p${id}`, { botId: 1 })

const room = (run: (job: UpdateJob) => Effect.Effect<void>) =>
  Overflow.layerWith(limits).pipe(
    Layer.provideMerge(Dispatcher.layer),
    Layer.provideMerge(Layer.mergeAll(...aloneLayers)),
    Layer.provide([
      Layer.mock(Handling, { run: (job) => Effect.as(run(job), [job]) }),
      Layer.mock(UpdatesRepo, {}),
      Pressure.layer
    ])
  )

/** `count` updates in groups whose commits take a moment each; answers the order of their handling by person. */
const flood = (count: number, sizes: ReadonlyArray<number>) => {
  const table: Array<UpdateJob> = []
  const order = new Map<number, Array<number>>()
  let handled = 0
  let highest = 0
  let spilled = 0
  return Effect.gen(function* () {
    const done = yield* Deferred.make<void>()
    const run = (job: UpdateJob) =>
      Effect.gen(function* () {
        yield* Effect.yieldNow
        order.set(job.personId ?? 0, [...(order.get(job.personId ?? 0) ?? []), job.updateId])
        if (++handled === count) yield* Deferred.succeed(done, undefined)
      })
    yield* Effect.gen(function* () {
      const overflow = yield* Overflow
      const dispatcher = yield* Dispatcher
      // The stand-ins of statements take as long as theirs do, and what one answers was so when it began.
      const claim = Effect.map(
        dispatcher.adopt(
          Effect.tap(
            Effect.sync(() => table.splice(0, refillBatch)),
            () => Effect.sleep("2 millis")
          )
        ),
        ({ found }) => found
      )
      yield* Effect.forkScoped(Effect.forever(overflow.refill(claim)))
      const commit = (group: ReadonlyArray<UpdateJob>, ms: number) =>
        overflow.during((spills) =>
          Effect.gen(function* () {
            yield* Effect.sleep(ms)
            if (!spills) return group.forEach(dispatcher.offer)
            spilled += group.length
            table.push(...group)
          })
        )
      // Two commits are under way at a time; a person's next update comes when the one before is committed.
      const connection = (parity: number, ms: number) =>
        Effect.gen(function* () {
          const mine = Array.from({ length: count }, (_, id) => id).filter((id) => (id % people) % 2 === parity)
          for (let turn = 0; mine.length > 0; turn++) {
            yield* commit(mine.splice(0, sizes[turn % sizes.length]).map(jobNumber), ms)
            highest = Math.max(highest, dispatcher.size())
          }
        })
      yield* Effect.all([connection(0, 1), connection(1, 5)], { concurrency: 2 })
      yield* Deferred.await(done)
    }).pipe(Effect.provide(room(run)), Effect.scoped)
    return { order, handled, highest, spilled }
  })
}

const ascends = (ids: ReadonlyArray<number>) => ids.every((id, index) => index === 0 || ids[index - 1]! < id)

describe("a flood", () => {
  it.live("waits in the table: everybody's updates are handled, each once and in order, with a bounded memory", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 6 }), (sizes) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const { handled, highest, order, spilled } = yield* flood(400, sizes)
              assert.strictEqual(handled, 400)
              for (const ids of order.values()) assert.isTrue(ascends(ids), `${ids}`)
              if (Math.max(...sizes) >= limits.fullAt) assert.isAbove(spilled, 0)
              assert.isAtMost(highest, limits.fullAt + 40 + refillBatch)
            })
          )
        ),
        // Groups of these sizes once went wrong: a new flood began while the last one was being closed.
        { numRuns: 25, examples: Array.from({ length: 8 }, (): [Array<number>] => [[2, 40]]) }
      )
    )
  )
})
