import { Cause, Effect } from "effect"

const pause = "1 second"

/**
 * Repeats one turn of background work for ever. A turn that fails, as while the database is away, is one WARN line at
 * its beginning and one INFO line when it is over, not a line per second in between.
 */
export const surviving =
  (what: string) =>
  <E, R>(turn: Effect.Effect<void, E, R>): Effect.Effect<never, never, R> =>
    Effect.suspend(() => {
      let failing = false
      const succeeded = Effect.suspend(() => {
        if (!failing) return Effect.void
        failing = false
        return Effect.logInfo(`${what} voltou a funcionar`)
      })
      const failed = (cause: Cause.Cause<E>) => {
        if (Cause.hasInterrupts(cause)) return Effect.interrupt
        const first = !failing
        failing = true
        const report = first ? Effect.logWarning(`[AVISO] ${what} falhou; continuo tentando`, cause) : Effect.void
        return Effect.andThen(report, Effect.sleep(pause))
      }
      return turn.pipe(Effect.andThen(succeeded), Effect.catchCause(failed), Effect.forever({ disableYield: false }))
    })
