import { Context, Deferred, Effect, Layer } from "effect"
import { surviving } from "../repo/surviving.ts"

/** Commits under way above which what nobody waits for steps aside. */
const busyAbove = 16
const lookEvery = "5 millis"
const longestEaseMs = 500

/**
 * Acknowledgements before bookkeeping: while many updates wait for their commit, what nobody waits for (recordings,
 * messages that get no answer) waits in memory and then goes on in larger groups, but never longer than half a second.
 * The updates are committed, so nothing is at stake.
 */
export class Pressure extends Context.Service<
  Pressure,
  {
    /** A commit is under way from `begin` to `end`. */
    readonly begin: () => void
    readonly end: () => void
    /** Returns when the rush is over, or after its longest time. */
    readonly ease: Effect.Effect<void>
  }
>()("funil/engine/Pressure") {
  static readonly layer = Layer.effect(
    Pressure,
    Effect.gen(function* () {
      let underWay = 0
      // Since the last look: between two large commits hardly anything is under way for a moment.
      let most = 0
      let rushBegan = 0
      // One clock for all who wait: thousands of sleepers would be a load of their own.
      let over: Deferred.Deferred<void> | undefined

      const look = Effect.sync(() => {
        const busy = most > busyAbove
        most = underWay
        if (over === undefined || (busy && performance.now() - rushBegan < longestEaseMs)) return
        Deferred.doneUnsafe(over, Effect.void)
        over = undefined
      })
      yield* Effect.andThen(look, Effect.sleep(lookEvery)).pipe(surviving("O controle de carga"), Effect.forkScoped)

      const ease = Effect.suspend(() => {
        if (most <= busyAbove) return Effect.void
        if (over === undefined) {
          over = Deferred.makeUnsafe<void>()
          rushBegan = performance.now()
        }
        return Deferred.await(over)
      })

      const begin = () => {
        underWay += 1
        most = Math.max(most, underWay)
      }

      return Pressure.of({ begin, end: () => void (underWay -= 1), ease })
    })
  )
}
