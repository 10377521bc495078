import { Cause, Effect, FiberSet, Layer, Option, Random, Schedule } from "effect"
import { randomUUID } from "node:crypto"
import * as Log from "../log/Log.ts"
import { telemetry } from "../log/telemetry.ts"
import { holding } from "../repo/lease.ts"
import { OutboxRepo, type OutboxRow } from "../repo/OutboxRepo.ts"
import { surviving } from "../repo/surviving.ts"
import { Outbox, type OutboxHandler, OutboxHandlers, type OutboxOutcome } from "./Outbox.ts"

/** Deliveries under way per destination: one that is slow or dead fills its own places and no others. */
const places = 16
/** Rows whose hand-over was lost with a process, or whose time has come. */
const pollEvery = "2 seconds"
const longestBackOffSeconds = 600
/** Running deliveries get this long to finish at a stop; the rest is given back. */
const drainTimeout = "6 seconds"

// What happened outside must get into the row, or it happens twice: worth waiting for an absent database.
const whileDatabaseIsAway = { schedule: Schedule.spaced("250 millis"), times: 240 }

/** Works the outbox off: every destination by itself, every order key strictly in order. */
export const outboxWorkerLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const outbox = yield* Outbox
    const repo = yield* OutboxRepo
    const handlers = yield* OutboxHandlers
    const owner = randomUUID()
    yield* Effect.addFinalizer(() => Effect.ignore(repo.release(owner)))

    const finish = Effect.fnUntraced(function* (row: OutboxRow, outcome: OutboxOutcome) {
      const fields = { destination: row.destination, event_name: row.eventName, payment_id: row.paymentId }
      const what = `entrega ${row.id} (${row.eventName}) para ${row.destination}`
      switch (outcome._tag) {
        case "Sent":
          return yield* repo.markSent(row.id, owner)
        case "Retry": {
          const after = outcome.afterSeconds ?? (yield* backOff(row.attempts))
          yield* repo.retry(row.id, owner, after, outcome.reason)
          return yield* Log.warn(
            `[AVISO] A ${what} será tentada de novo em ${Math.ceil(after)} s: ${outcome.reason}`,
            fields
          )
        }
        case "Failed":
          yield* repo.markFailed(row.id, owner, outcome.reason)
          return yield* Log.error(`[ERRO] A ${what} falhou de vez: ${outcome.reason}`, fields)
      }
    })

    const deliver = (row: OutboxRow, handler: OutboxHandler) =>
      handler(row, (parts) => repo.saveProgress(row.id, owner, parts)).pipe(
        Effect.catchCause(unexpected(row)),
        Effect.flatMap((outcome) =>
          Effect.andThen(
            Effect.retry(finish(row, outcome), whileDatabaseIsAway),
            Effect.sync(() =>
              telemetry.deliveries.record({ destination: row.destination, result: results[outcome._tag] })
            )
          )
        ),
        holding(repo.renew(row.id, owner)),
        Effect.tap((held) =>
          Option.isSome(held) ? Effect.void : Log.warn(`[AVISO] A entrega ${row.id} passou para outro processo`)
        ),
        Effect.withSpan("Outbox.deliver", {
          attributes: { destination: row.destination, event_name: row.eventName, attempts: row.attempts }
        }),
        Log.logged(`A entrega ${row.id} para ${row.destination}`)
      )

    const work = Effect.fnUntraced(function* (destination: string, handler: OutboxHandler) {
      const signal = outbox.signal(destination)
      const fibers = yield* FiberSet.make()
      const fork = yield* FiberSet.runtime(fibers)<never>()
      yield* Effect.addFinalizer(() => Effect.asVoid(Effect.timeoutOption(FiberSet.awaitEmpty(fibers), drainTimeout)))
      let running = 0
      const left = Effect.sync(() => {
        running -= 1
        signal.openUnsafe()
      })

      const turn = Effect.gen(function* () {
        signal.closeUnsafe()
        const room = places - running
        const rows = room > 0 ? yield* repo.claim(destination, owner, room) : []
        for (const row of rows) {
          running += 1
          fork(Effect.ensuring(deliver(row, handler), left))
        }
        if (rows.length === 0 || room === 0) yield* Effect.timeoutOption(signal.await, pollEvery)
      }).pipe(Effect.withTracerEnabled(false))

      yield* Effect.forkScoped(surviving(`A fila de entregas para ${destination}`)(turn))
    })

    yield* Effect.forEach(handlers, ([destination, handler]) => work(destination, handler), { discard: true })
  })
)

const results: Record<OutboxOutcome["_tag"], string> = { Sent: "sent", Retry: "retry", Failed: "failed" }

const backOff = (attempts: number) =>
  Effect.map(
    Random.nextBetween(0.75, 1.25),
    (jitter) => Math.min(2 ** Math.min(attempts, 30), longestBackOffSeconds) * jitter
  )

/** A handler that breaks holds only its own order key, and that in ever longer steps. */
const unexpected =
  (row: OutboxRow) =>
  <E>(cause: Cause.Cause<E>): Effect.Effect<OutboxOutcome> =>
    Cause.hasInterrupts(cause)
      ? Effect.interrupt
      : Effect.logError(`[ERRO] A entrega ${row.id} para ${row.destination} parou por uma falha interna`, cause).pipe(
          Effect.as<OutboxOutcome>({ _tag: "Retry", reason: "falha interna" })
        )
