import { Effect, Option } from "effect"
import type { SqlError } from "effect/sql"

/** How long a claimed row stays with a process that went silent, by the database's clock. */
export const leaseSeconds = 8
const renewEvery = "3 seconds"

/** Nobody else takes the row for this much longer than its holder believes: a call that leaves has time to leave. */
const marginSeconds = 1
const askAgainAfter = "500 millis"

/**
 * A row, an update: work that may pass to another process while this one is frozen or cut off. To be asked before what
 * cannot be taken back.
 */
export interface Held {
  /** It is still ours for certain: what memory knows at this moment. */
  readonly certain: () => boolean
  /** Waits for certainty if need be. False: another process has it. */
  readonly sure: Effect.Effect<boolean>
}

/**
 * Runs `work` on a row claimed at `sinceMs` (of `performance.now()`, before the claim was made) and keeps its lease
 * meanwhile. None: somebody else took the row over, because this process was frozen or cut off for longer than the
 * lease, and the work was stopped.
 */
export const holding =
  (renew: Effect.Effect<boolean, SqlError.SqlError>, sinceMs: number) =>
  <A, E, R>(work: (held: Held) => Effect.Effect<A, E, R>): Effect.Effect<Option.Option<A>, E, R> =>
    Effect.suspend(() => {
      const lease = { isLost: false, sureUntilMs: endOf(sinceMs) }

      const renewed = Effect.suspend(() => {
        const beganMs = performance.now()
        return Effect.map(renew, (mine) => {
          if (mine) lease.sureUntilMs = endOf(beganMs)
          else lease.isLost = true
        })
      }).pipe(Effect.withTracerEnabled(false))

      const untilLost = Effect.gen(function* () {
        while (!lease.isLost) {
          yield* Effect.sleep(renewEvery)
          // While the database is away nobody can tell; the next answer will.
          yield* Effect.ignore(renewed)
        }
        return Option.none<A>()
      })

      const certainty = Effect.gen(function* () {
        while (!lease.isLost && performance.now() >= lease.sureUntilMs) {
          const asked = yield* Effect.exit(renewed)
          if (asked._tag === "Failure") yield* Effect.sleep(askAgainAfter)
        }
        return !lease.isLost
      })

      const certain = () => !lease.isLost && performance.now() < lease.sureUntilMs
      const sure = Effect.suspend(() => (certain() ? Effect.succeed(true) : certainty))

      return Effect.asSome(work({ certain, sure })).pipe(
        Effect.catchCause((cause) => (lease.isLost ? Effect.succeedNone : Effect.failCause(cause))),
        Effect.raceFirst(untilLost)
      )
    })

const endOf = (claimedMs: number) => claimedMs + (leaseSeconds - marginSeconds) * 1000
