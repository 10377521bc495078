import { Clock, Context, Effect, Layer } from "effect"

/** Commits under way above which bookkeeping steps aside. An answer to Telegram is worth more than a row of ours. */
const busyAbove = 16
const longestEaseMs = 250
const lookEvery = "4 millis"

/**
 * Acknowledgements before bookkeeping: while many updates wait for their commit, what handlers leave behind waits in
 * memory and then leaves in larger groups, but never longer than a quarter of a second. The updates are committed, so
 * nothing depends on it.
 */
export class Pressure extends Context.Service<
  Pressure,
  {
    /** Counts as under way while the commit runs. */
    readonly during: <A, E, R>(commit: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** Returns when the rush is over, or after its longest time. */
    readonly ease: Effect.Effect<void>
  }
>()("funil/engine/Pressure") {
  static readonly layer = Layer.sync(Pressure, () => {
    let underWay = 0
    const busy = () => underWay > busyAbove

    const during = <A, E, R>(commit: Effect.Effect<A, E, R>) =>
      Effect.suspend(() => {
        underWay += 1
        return Effect.onExit(commit, () => {
          underWay -= 1
          return Effect.void
        })
      })

    const ease = Effect.gen(function* () {
      if (!busy()) return
      const begun = yield* Clock.currentTimeMillis
      while (busy() && (yield* Clock.currentTimeMillis) - begun < longestEaseMs) {
        yield* Effect.sleep(lookEvery)
      }
    })

    return Pressure.of({ during, ease })
  })
}
