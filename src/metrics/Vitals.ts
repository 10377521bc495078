import { Cause, Context, Effect, Layer, Option, Semaphore } from "effect"
import { Config } from "../config.ts"
import * as Log from "../log/Log.ts"
import { watchProcess } from "../log/processVitals.ts"
import { telemetry } from "../log/telemetry.ts"
import { surviving } from "../repo/surviving.ts"
import { type Vitals as Reading, VitalsRepo } from "../repo/VitalsRepo.ts"

/** However many ask, the database is asked once in this time. */
const keptMs = 1_000
/** A monitoring system gives up after some seconds; the numbers of the process itself must get out in time. */
const patience = "2 seconds"
/** As often as metrics leave by OTLP. */
const pushedEvery = "10 seconds"

/** The technical numbers that have to be looked up: the process itself and the queues in the database. */
export class Vitals extends Context.Service<
  Vitals,
  {
    /** Brings the gauges up to date. Never fails: without the database they keep their last values. */
    readonly refresh: Effect.Effect<void>
  }
>()("funil/metrics/Vitals") {
  static readonly layer = Layer.effect(
    Vitals,
    Effect.gen(function* () {
      const config = yield* Config
      const repo = yield* VitalsRepo
      const one = yield* Semaphore.make(1)
      let readMs = -keptMs
      yield* watchProcess

      const read = Effect.gen(function* () {
        if (performance.now() - readMs < keptMs) return
        readMs = performance.now()
        show(yield* Effect.timeout(repo.read, patience))
      }).pipe(
        Effect.catchCause((cause) =>
          // Whether the database answers is told by a gauge of its own.
          Cause.hasInterrupts(cause)
            ? Effect.interrupt
            : Effect.logDebug(`As filas não puderam ser contadas: ${Log.detailOf(cause)}`)
        )
      )
      const refresh = Semaphore.withPermit(one)(read)

      if (Option.isSome(config.otlpEndpoint)) {
        yield* Effect.andThen(refresh, Effect.sleep(pushedEvery)).pipe(
          surviving("A leitura dos números técnicos"),
          Effect.forkScoped
        )
      }
      return Vitals.of({ refresh })
    })
  )
}

const show = (reading: Reading) => {
  telemetry.inboxAge.record({}, reading.inboxSeconds)
  telemetry.deadRows.record({}, reading.deadUpdates)
  telemetry.nodes.record({}, reading.nodes)
  telemetry.webhookPending.record({}, reading.webhookPending)
  telemetry.webhookErrors.record({}, reading.webhookErrors)
  telemetry.botsUnusable.record({}, reading.botsUnusable)
  telemetry.rollupAge.record({}, reading.rollupSeconds)
  // A queue that is empty now has no row any more.
  for (const destination of telemetry.outboxRows.labels.destination) {
    const queue = reading.outbox.find((one) => one.destination === destination)
    telemetry.outboxRows.record({ destination, status: "pending" }, queue?.pending ?? 0)
    telemetry.outboxRows.record({ destination, status: "failed" }, queue?.failed ?? 0)
    telemetry.outboxAge.record({ destination }, queue?.oldestSeconds ?? 0)
  }
}
