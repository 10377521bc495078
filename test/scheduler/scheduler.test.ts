import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Layer, Queue, Ref, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { type Change, Changes } from "../../src/db/Changes.ts"
import { Node } from "../../src/engine/Node.ts"
import { type JobLease, JobsRepo, stillOwned } from "../../src/repo/JobsRepo.ts"
import { Scheduler } from "../../src/scheduler/Scheduler.ts"
import { nodeWith } from "../engine/support.ts"
import { TestDatabase } from "../support/postgres.ts"
import { eventually } from "../support/service.ts"

const layer = JobsRepo.layer.pipe(Layer.provideMerge(TestDatabase.layer))

/** One process: its scheduler, and how to tell it of changes. */
const come = Effect.fnUntraced(function* (id: string) {
  const scope = yield* Scope.make()
  const told = yield* Queue.unbounded<Change>()
  const context = yield* Layer.buildWithScope(
    Layer.fresh(Scheduler.layer).pipe(
      Layer.provide([
        Layer.succeed(Node, nodeWith({ id: () => id })),
        Layer.succeed(Changes, Changes.of({ subscribe: Effect.succeed(told) }))
      ])
    ),
    scope
  )
  return { scheduler: Context.get(context, Scheduler), told, go: Scope.close(scope, Exit.void) }
})

const counted = (name: string, runs: Ref.Ref<number>, more: { readonly tables?: ReadonlyArray<string> } = {}) => ({
  name,
  title: `contar ${name}`,
  every: "1 hour" as const,
  owner: "each" as const,
  run: Effect.asVoid(Ref.update(runs, (n) => n + 1)),
  ...more
})

describe("a job", () => {
  it.live("runs at once, at its period, when called, and when its tables change", () =>
    Effect.gen(function* () {
      const { go, scheduler, told } = yield* come("a")
      const runs = yield* Ref.make(0)
      const reach = (count: number) => eventually(Ref.get(runs), (n) => n === count)
      yield* scheduler.add(counted("calado", runs, { tables: ["downsells_queue"] }))
      yield* reach(1)
      yield* scheduler.wake("calado")
      yield* reach(2)
      Queue.offerUnsafe(told, { _tag: "Row", table: "bots", botId: 1 })
      Queue.offerUnsafe(told, { _tag: "Row", table: "downsells_queue", dueInMs: 200 })
      yield* reach(3)
      Queue.offerUnsafe(told, { _tag: "Resync" })
      yield* reach(4)
      yield* go
    }).pipe(Effect.provide(layer))
  )

  it.live("runs again when it said that something will be due, and never beside itself", () =>
    Effect.gen(function* () {
      const { go, scheduler } = yield* come("a")
      const underWay = yield* Ref.make(0)
      const most = yield* Ref.make(0)
      const runs = yield* Ref.make(0)
      const third = yield* Deferred.make<void>()
      yield* scheduler.add({
        name: "de novo",
        title: "de novo",
        every: "1 hour",
        owner: "each",
        run: Effect.gen(function* () {
          const beside = yield* Ref.updateAndGet(underWay, (n) => n + 1)
          yield* Ref.update(most, (n) => Math.max(n, beside))
          yield* scheduler.wake("de novo")
          // Long enough for a second run to be seen beside it.
          yield* Effect.sleep("30 millis")
          yield* Ref.update(underWay, (n) => n - 1)
          const count = yield* Ref.updateAndGet(runs, (n) => n + 1)
          if (count === 3) yield* Deferred.succeed(third, undefined)
          return 10
        })
      })
      yield* Deferred.await(third)
      assert.strictEqual(yield* Ref.get(most), 1)
      yield* go
    }).pipe(Effect.provide(layer))
  )

  it.live("that fails is tried again and holds up no other", () =>
    Effect.gen(function* () {
      const { go, scheduler } = yield* come("a")
      const tries = yield* Ref.make(0)
      const runs = yield* Ref.make(0)
      yield* scheduler.add({
        name: "quebrada",
        title: "quebrada",
        every: "1 hour",
        owner: "each",
        run: Effect.flatMap(
          Ref.updateAndGet(tries, (n) => n + 1),
          (n) => (n === 1 ? Effect.die(new Error("quebrou")) : Effect.void)
        )
      })
      yield* scheduler.add(counted("inteira", runs))
      yield* eventually(Ref.get(runs), (n) => n === 1)
      yield* eventually(Ref.get(tries), (n) => n === 2)
      yield* go
    }).pipe(Effect.provide(layer))
  )

  it.live("of which there is one runs in one process at a time, and goes over when that leaves or dies", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const seen = yield* Ref.make<ReadonlyArray<JobLease>>([])
      const owners = Effect.map(Ref.get(seen), (leases) => leases.map(({ owner }) => owner))
      const join = Effect.fnUntraced(function* (id: string) {
        const process = yield* come(id)
        yield* process.scheduler.add({
          name: "única",
          title: "única",
          every: "1 hour",
          owner: "one",
          run: (lease) => Effect.asVoid(Ref.update(seen, (before) => [...before, lease]))
        })
        return process
      })
      const a = yield* join("a")
      yield* eventually(owners, (now) => now.length === 1)
      const b = yield* join("b")
      yield* b.scheduler.wake("única")
      yield* a.go
      yield* eventually(owners, (now) => now.join() === "a,b")
      const [first = assert.fail("nobody"), second = assert.fail("nobody")] = yield* Ref.get(seen)
      assert.deepStrictEqual([first.epoch, second.epoch], [1, 2])
      const owns = (lease: JobLease) =>
        Effect.map(sql`select 1 where ${stillOwned(sql, lease)}`, (rows) => rows.length === 1)
      assert.deepStrictEqual([yield* owns(first), yield* owns(second)], [false, true])

      // As if b stood still for longer than its lease.
      yield* sql`update scheduler_jobs set owner = 'morto', until = now() - interval '1 second'`
      const c = yield* join("c")
      yield* eventually(owners, (now) => now.length === 3 && now[2] !== "morto")
      yield* Effect.all([b.go, c.go])
    }).pipe(Effect.provide(layer))
  )
})
