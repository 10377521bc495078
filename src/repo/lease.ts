import { Effect, Option } from "effect"
import type { SqlError } from "effect/sql"

/** How long a claimed row stays with a process that went silent, by the database's clock. */
export const leaseSeconds = 8
const renewEvery = "3 seconds"

/**
 * Runs `work` on a claimed row and keeps its lease meanwhile. None: somebody else took the row over, because this
 * process was frozen or cut off for longer than the lease, and the work was stopped.
 */
export const holding =
  (renew: Effect.Effect<boolean, SqlError.SqlError>) =>
  <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, E, R> => {
    // While the database is away nobody can tell; the next answer will.
    const mine = Effect.orElseSucceed(renew, () => true).pipe(Effect.withTracerEnabled(false))
    const untilLost = Effect.gen(function* () {
      do yield* Effect.sleep(renewEvery)
      while (yield* mine)
      return Option.none<A>()
    })
    return Effect.raceFirst(Effect.asSome(work), untilLost)
  }
