import { type Cause, Effect } from "effect"

const firstPauseMs = 1_000

export interface SurvivingOptions {
  /** The pause doubles up to this while the work keeps failing; a second when absent. */
  readonly longestPauseMs?: number
}

/**
 * Repeats one turn of background work for ever. A turn that fails, as while the database is away, is one WARN line at
 * its beginning and one INFO line when it is over, not a line per second in between. Only the interruption of the whole
 * fiber ends it: that passes by here unseen, while one that comes out of the turn itself is a failure like any other.
 */
export const surviving =
  (what: string, { longestPauseMs = firstPauseMs }: SurvivingOptions = {}) =>
  <E, R>(turn: Effect.Effect<void, E, R>): Effect.Effect<never, never, R> =>
    Effect.suspend(() => {
      let failures = 0
      const succeeded = Effect.suspend(() => {
        if (failures === 0) return Effect.void
        failures = 0
        return Effect.logInfo(`${what} voltou a funcionar`)
      })
      const failed = (cause: Cause.Cause<E>) => {
        const pause = Math.min(firstPauseMs * 2 ** Math.min(failures, 20), longestPauseMs)
        failures += 1
        const report =
          failures === 1 ? Effect.logWarning(`[AVISO] ${what} falhou; continuo tentando`, cause) : Effect.void
        return Effect.andThen(report, Effect.sleep(pause))
      }
      return turn.pipe(Effect.andThen(succeeded), Effect.catchCause(failed), Effect.forever({ disableYield: false }))
    })
