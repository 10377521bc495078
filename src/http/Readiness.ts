import { Clock, Context, Effect, Latch, Layer, Result } from "effect"
import { stopwatch, telemetry } from "../log/telemetry.ts"
import { HealthRepo } from "../repo/HealthRepo.ts"
import { surviving } from "../repo/surviving.ts"

/** Between two looks at the database. */
const lookEvery = "2 seconds"
/** A busy database may keep one question waiting; one that has answered nobody for this long is away. */
const awayAfterMs = 5_000
/** Whoever asks gives up after some seconds and would take no answer for a no. */
const patience = "1 second"

/**
 * Whether this process wants work: migrations are done, nobody asked it to stop, and its database answers. Looks by
 * itself now and then, so that one slow answer is no outage.
 */
export class Readiness extends Context.Service<
  Readiness,
  {
    /** `away`: the database refused the question, or has not answered any for 5 s. */
    readonly state: Effect.Effect<"ready" | "closed" | "away">
    /** Said once, when the database is migrated and everything the handlers need is up. */
    readonly open: Effect.Effect<void>
    /** Said when the stop begins: load balancers look elsewhere while the last requests finish. */
    readonly close: Effect.Effect<void>
    /** Over when the stop has begun: what would never end by itself ends then. */
    readonly closed: Effect.Effect<void>
  }
>()("funil/http/Readiness") {
  static readonly layer = Layer.effect(
    Readiness,
    Effect.gen(function* () {
      const health = yield* HealthRepo
      let ready = false
      let stopping = false
      const stop = yield* Latch.make()
      let answeredMs = Number.NEGATIVE_INFINITY

      const answered = Effect.map(Clock.currentTimeMillis, (now) => {
        answeredMs = now
        telemetry.databaseUp.record({}, 1)
      })
      const isAway = Effect.map(Clock.currentTimeMillis, (now) => now - answeredMs > awayAfterMs)

      const look = Effect.gen(function* () {
        const seconds = stopwatch()
        const result = yield* Effect.result(Effect.timeout(health.look, awayAfterMs))
        if (Result.isSuccess(result)) {
          telemetry.databaseWait.record({}, result.success.waitSeconds)
          telemetry.databaseAnswer.record({}, result.success.answerSeconds)
          return yield* answered
        }
        // A refusal is quick; what took this long was waiting in vain.
        if (seconds() > 1) telemetry.databaseWait.record({}, seconds())
        if (yield* isAway) telemetry.databaseUp.record({}, 0)
      })
      yield* Effect.andThen(look, Effect.sleep(lookEvery)).pipe(
        surviving("O acompanhamento do banco de dados"),
        Effect.forkScoped
      )

      const ask = Effect.gen(function* () {
        const result = yield* Effect.result(Effect.timeout(health.ping, patience))
        if (Result.isSuccess(result)) {
          yield* answered
          return "ready" as const
        }
        if (result.failure._tag !== "TimeoutError") return "away" as const
        return (yield* isAway) ? ("away" as const) : ("ready" as const)
      })

      return Readiness.of({
        state: Effect.suspend(() => (ready && !stopping ? ask : Effect.succeed("closed" as const))),
        open: Effect.sync(() => {
          ready = true
        }),
        close: Effect.suspend(() => {
          stopping = true
          return stop.open
        }),
        closed: stop.await
      })
    })
  )
}
