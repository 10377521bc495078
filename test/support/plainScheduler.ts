import { Duration, Effect, Layer } from "effect"
import { surviving } from "../../src/repo/surviving.ts"
import { type Job, Scheduler } from "../../src/scheduler/Scheduler.ts"

const longestMs = 1_000

/** The jobs of one process without leases: each runs again when it says, and at least once a second. */
export const plainScheduler = Layer.effect(
  Scheduler,
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const lease = { name: "", owner: "", epoch: 0 }
    return Scheduler.of({
      add: <R>(job: Job<R>) => {
        const run = job.owner === "one" ? job.run(lease) : job.run
        const round = Effect.flatMap(run, (nextMs) =>
          Effect.sleep(Math.min(nextMs ?? longestMs, longestMs, Duration.toMillis(job.every)))
        )
        return Effect.asVoid(Effect.forkIn(surviving(job.title)(round), scope))
      },
      wake: () => Effect.void
    })
  })
)
