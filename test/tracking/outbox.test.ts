import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, Queue, Schedule, Schema, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { loggerLayer } from "../../src/log/Logger.ts"
import { type NewOutboxRow, OutboxRepo } from "../../src/repo/OutboxRepo.ts"
import { Outbox, type OutboxHandler, OutboxHandlers, type OutboxOutcome } from "../../src/tracking/Outbox.ts"
import { outboxWorkerLayer } from "../../src/tracking/OutboxWorker.ts"
import { TestDatabase } from "../support/postgres.ts"

class NotYet extends Schema.TaggedError<NotYet>()("NotYet", { value: Schema.String }) {}

const sent: OutboxOutcome = { _tag: "Sent" }

let last = 0
const row = (changes: Partial<NewOutboxRow> = {}): NewOutboxRow => {
  last += 1
  return {
    destination: "telegram",
    eventName: "delivery",
    payload: { n: last },
    botId: 1,
    paymentId: last,
    telegramId: 7205343917,
    orderKey: `pessoa-${last}`,
    dedupeKey: `delivery:${last}`,
    ...changes
  }
}

const log: Array<string> = []
const ground = Outbox.layer.pipe(
  Layer.provideMerge(OutboxRepo.layer),
  Layer.provideMerge(TestDatabase.layer),
  Layer.provideMerge(loggerLayer({ level: "info", format: "text", write: (lines) => void log.push(lines) }))
)

/** A worker of its own, as another process would have; it stops with the scope. */
const worker = (handlers: Record<string, OutboxHandler>) =>
  Layer.build(
    Layer.fresh(outboxWorkerLayer).pipe(Layer.provide(Layer.succeed(OutboxHandlers, new Map(Object.entries(handlers)))))
  )

const rows = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<{ status: string; attempt_count: number; last_error: string | null; progress: number }>`
    select status, attempt_count, last_error, progress from outbox order by id`
})

const eventually = <A, E, R>(look: Effect.Effect<A, E, R>, satisfied: (value: A) => boolean) =>
  look.pipe(
    Effect.filterOrFail(satisfied, (value) => new NotYet({ value: JSON.stringify(value) })),
    Effect.retry({ schedule: Schedule.spaced("20 millis"), times: 500 })
  )

const allSent = eventually(rows, (all) => all.every(({ status }) => status === "sent"))

/** Retries are due now. */
const timePasses = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql`update outbox set next_attempt_at = now() - interval '1 second' where status = 'pending'`
  yield* Effect.flatMap(Outbox, (outbox) => outbox.wake("telegram"))
})

describe("Outbox", () => {
  it.live("hands over at the commit, not at the next look; what was rolled back never leaves", () =>
    Effect.gen(function* () {
      const outbox = yield* Outbox
      const sql = yield* SqlClient.SqlClient
      const taken = yield* Queue.unbounded<unknown>()
      yield* worker({ telegram: (one) => Effect.as(Queue.offer(taken, one.payload), sent) })
      yield* outbox.put(row({ payload: { warm: true } }))
      yield* Queue.take(taken)
      yield* allSent
      yield* Effect.ignore(sql.withTransaction(Effect.andThen(outbox.put(row()), Effect.fail("undo"))))
      const started = performance.now()
      yield* sql.withTransaction(outbox.put(row({ payload: { kept: true } })))
      assert.deepStrictEqual(yield* Queue.take(taken), { kept: true })
      assert.isBelow(performance.now() - started, 1000)
      assert.strictEqual((yield* allSent).length, 2)
    }).pipe(Effect.scoped, Effect.provide(ground))
  )

  it.live("the same fact is one row", () =>
    Effect.gen(function* () {
      const outbox = yield* Outbox
      const fact = row()
      assert.isTrue(yield* outbox.put(fact))
      assert.isFalse(yield* outbox.put(fact))
      assert.strictEqual((yield* rows).length, 1)
    }).pipe(Effect.provide(ground))
  )

  it.live("one order goes one after another, also when the first must wait; others do not wait for it", () =>
    Effect.gen(function* () {
      const outbox = yield* Outbox
      const taken: Array<string> = []
      const handler: OutboxHandler = (one) =>
        Effect.sync(() => {
          const name = (one.payload as { name: string }).name
          taken.push(`${name}${one.attempts}`)
          return name === "a1" && one.attempts === 1 ? { _tag: "Retry", reason: "ocupado", afterSeconds: 3600 } : sent
        })
      for (const name of ["a1", "a2", "a3"]) yield* outbox.put(row({ payload: { name }, orderKey: "a" }))
      yield* outbox.put(row({ payload: { name: "b1" }, orderKey: "b" }))
      yield* worker({ telegram: handler })
      yield* eventually(rows, (all) => all[3]?.status === "sent" && all[0]?.last_error === "ocupado")
      assert.deepStrictEqual(taken.toSorted(), ["a11", "b11"])
      yield* timePasses
      yield* allSent
      assert.deepStrictEqual(
        taken.filter((name) => name.startsWith("a")),
        ["a11", "a12", "a21", "a31"]
      )
    }).pipe(Effect.scoped, Effect.provide(ground))
  )

  it.live("a row that failed for good lets the next one of its order pass, with its reason kept", () =>
    Effect.gen(function* () {
      const outbox = yield* Outbox
      const handler: OutboxHandler = (one) =>
        Effect.succeed(one.eventName === "ruim" ? { _tag: "Failed", reason: "o usuário bloqueou o bot" } : sent)
      yield* outbox.put(row({ eventName: "ruim", orderKey: "x" }))
      yield* outbox.put(row({ orderKey: "x" }))
      yield* worker({ telegram: handler })
      const all = yield* eventually(rows, (found) => found.every(({ status }) => status !== "pending"))
      assert.deepStrictEqual(all, [
        { status: "failed", attempt_count: 1, last_error: "o usuário bloqueou o bot", progress: 0 },
        { status: "sent", attempt_count: 1, last_error: null, progress: 0 }
      ])
    }).pipe(Effect.scoped, Effect.provide(ground))
  )

  it.live("a destination that never answers holds nobody but itself", () =>
    Effect.gen(function* () {
      const outbox = yield* Outbox
      for (let i = 0; i < 40; i++) yield* outbox.put(row({ destination: "facebook" }))
      yield* outbox.put(row())
      const stuck = yield* Queue.unbounded<number>()
      const scope = yield* Scope.make()
      yield* worker({
        facebook: (one) => Effect.andThen(Queue.offer(stuck, one.id), Effect.never),
        telegram: () => Effect.succeed(sent)
      }).pipe(Scope.provide(scope))
      for (let i = 0; i < 16; i++) yield* Queue.take(stuck)
      yield* eventually(rows, (all) => all[40]?.status === "sent")
      assert.strictEqual(yield* Queue.size(stuck), 0)
      yield* Effect.forkDetach(Scope.close(scope, Exit.void))
    }).pipe(Effect.provide(ground))
  )

  it.live("a handler that breaks is tried again later, and says so", () =>
    Effect.gen(function* () {
      const outbox = yield* Outbox
      yield* outbox.put(row())
      yield* worker({
        telegram: (one) => (one.attempts === 1 ? Effect.die(new Error("quebrou")) : Effect.succeed(sent))
      })
      const [broken] = yield* eventually(rows, (all) => all[0]?.last_error !== null)
      assert.deepInclude(broken, { status: "pending", last_error: "falha interna" })
      assert.isTrue(log.some((line) => /ERROR \[ERRO\] A entrega \d+ para telegram parou .*quebrou/.test(line)))
      yield* timePasses
      yield* allSent
    }).pipe(Effect.scoped, Effect.provide(ground))
  )

  it.live("two processes deliver each row once", () =>
    Effect.gen(function* () {
      const outbox = yield* Outbox
      const taken: Array<number> = []
      const handler: OutboxHandler = (one) =>
        Effect.andThen(
          Effect.sync(() => void taken.push(one.id)),
          Effect.as(Effect.yieldNow, sent)
        )
      yield* worker({ telegram: handler })
      yield* worker({ telegram: handler })
      yield* Effect.forEach(
        Array.from({ length: 120 }, (_, i) => row({ orderKey: `k${i % 7}` })),
        (one) => outbox.put(one),
        { concurrency: 8, discard: true }
      )
      yield* allSent
      assert.strictEqual(taken.length, 120)
      assert.strictEqual(new Set(taken).size, 120)
    }).pipe(Effect.scoped, Effect.provide(ground))
  )

  it.live("what a dead process held is taken over when its lease is over, from where it was", () =>
    Effect.gen(function* () {
      const outbox = yield* Outbox
      const repo = yield* OutboxRepo
      const sql = yield* SqlClient.SqlClient
      yield* outbox.put(row())
      const [held] = yield* repo.claim("telegram", "processo morto", { limit: 10 })
      yield* repo.saveProgress(held!.id, "processo morto", 2)
      assert.strictEqual((yield* repo.claim("telegram", "outro", { limit: 10 })).length, 0)
      yield* sql`update outbox set lease_until = now() - interval '1 second'`
      const seen = yield* Deferred.make<readonly [number, number]>()
      yield* worker({
        telegram: (one) => Effect.as(Deferred.succeed(seen, [one.progress, one.attempts] as const), sent)
      })
      assert.deepStrictEqual(yield* Deferred.await(seen), [2, 2])
      yield* allSent
      // The dead one wakes up: the row is not his any more.
      yield* repo.settle("processo morto", [{ id: held!.id, state: "pending", reason: "tarde", afterSeconds: 0 }])
      assert.deepStrictEqual((yield* rows)[0]?.status, "sent")
    }).pipe(Effect.scoped, Effect.provide(ground))
  )

  it.live("work whose lease was lost stops", () =>
    Effect.gen(function* () {
      const outbox = yield* Outbox
      const sql = yield* SqlClient.SqlClient
      yield* outbox.put(row())
      const begun = yield* Deferred.make<void>()
      const stopped = yield* Deferred.make<void>()
      yield* worker({
        telegram: () =>
          Effect.andThen(Deferred.succeed(begun, undefined), Effect.never).pipe(
            Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
          )
      })
      yield* Deferred.await(begun)
      yield* sql`update outbox set owner = 'outro', lease_until = now() + interval '1 hour'`
      yield* Deferred.await(stopped)
      assert.deepInclude((yield* rows)[0], { status: "pending", last_error: null })
    }).pipe(Effect.scoped, Effect.provide(ground))
  )

  it.live("a stop lets what is under way finish", () =>
    Effect.gen(function* () {
      const outbox = yield* Outbox
      yield* outbox.put(row())
      const begun = yield* Deferred.make<void>()
      const finish = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      yield* worker({
        telegram: () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.as(Deferred.await(finish), sent))
      }).pipe(Scope.provide(scope))
      yield* Deferred.await(begun)
      const stopping = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Deferred.succeed(finish, undefined)
      yield* Fiber.join(stopping)
      assert.strictEqual((yield* rows)[0]?.status, "sent")
    }).pipe(Effect.provide(ground))
  )
})
