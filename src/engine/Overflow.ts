import { Context, Effect, Exit, Latch, Layer } from "effect"
import * as Log from "../log/Log.ts"
import { Dispatcher } from "./Dispatcher.ts"

/** Updates in memory above which new ones wait in the table alone: about 60 MB of them. */
export const fullAt = 20_000
/** There is room again below this. */
const roomBelow = 10_000
const lookEvery = "20 millis"

// Two commits of 500 may be under way when the table was found empty.
const lastClaims = 3

/** What is fetched from the table at a time. */
export const refillBatch = 500

/**
 * A flood longer than the engine can follow must not fill the memory: while there is no room, updates are committed in
 * nobody's name and fetched from the table in the order they came. That goes on until the table is empty, so that
 * nobody's later update overtakes an earlier one.
 */
export class Overflow extends Context.Service<
  Overflow,
  {
    /** Runs a commit, telling it whether what it commits stays in the table. */
    readonly during: <A, E, R>(commit: (spills: boolean) => Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
    /** Waits for a flood, then fetches with `claim`, which answers how many it got, until it is over. */
    readonly refill: <E, R>(claim: Effect.Effect<number, E, R>) => Effect.Effect<void, E, R>
  }
>()("funil/engine/Overflow") {
  static readonly layerWith = (limits: { readonly fullAt: number; readonly roomBelow: number }) =>
    Layer.effect(
      Overflow,
      Effect.suspend(() => make(limits))
    )

  static readonly layer = Overflow.layerWith({ fullAt, roomBelow })
}

const make = Effect.fnUntraced(function* (limits: { readonly fullAt: number; readonly roomBelow: number }) {
  const dispatcher = yield* Dispatcher
  const began = yield* Latch.make(false)
  let spilling = false
  /** No new spilling meanwhile: its rows would be fetched before what is held back, which is older. */
  let closing = false
  let spillingCommits = { underWay: 0 }

  const during = <A, E, R>(commit: (spills: boolean) => Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      if (!spilling && !closing && dispatcher.size() >= limits.fullAt) {
        spilling = true
        began.openUnsafe()
      }
      if (!spilling) return commit(false)
      const commits = spillingCommits
      commits.underWay += 1
      return Effect.ensuring(
        commit(true),
        Effect.sync(() => void (commits.underWay -= 1))
      )
    })

  const until = (isSo: () => boolean) =>
    Effect.whileLoop({ while: () => !isSo(), body: () => Effect.sleep(lookEvery), step: () => undefined })
  const untilRoom = until(() => dispatcher.size() < limits.roomBelow)
  const emptied = <E, R>(claim: Effect.Effect<number, E, R>) =>
    Effect.repeat(Effect.andThen(untilRoom, claim), { while: (found) => found >= refillBatch })

  // What is accepted from now on stays in memory, but begins only behind the last ones of the table: those of the
  // commits that are under way.
  const close = <E, R>(claim: Effect.Effect<number, E, R>) =>
    Effect.suspend(() => {
      spilling = false
      closing = true
      const last = spillingCommits
      spillingCommits = { underWay: 0 }
      return Effect.andThen(
        until(() => last.underWay === 0),
        Effect.repeat(claim, { while: (found) => found >= refillBatch, times: lastClaims })
      )
    }).pipe(
      Effect.onExit((exit) =>
        Effect.sync(() => {
          closing = false
          spilling = Exit.isFailure(exit)
          if (!spilling) began.closeUnsafe()
        })
      )
    )

  const refill = Effect.fnUntraced(function* <E, R>(claim: Effect.Effect<number, E, R>) {
    yield* began.await
    yield* Log.warn(
      "[AVISO] Chegam mais mensagens do que consigo atender agora; as novas esperam no banco e serão atendidas na ordem"
    )
    yield* emptied(claim)
    yield* dispatcher.holdingBack(close(claim))
    yield* Log.info("[BOT] As mensagens que esperavam no banco foram todas retomadas")
  })

  return Overflow.of({ during, refill })
})
