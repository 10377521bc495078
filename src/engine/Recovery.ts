import { Context, Effect, Layer, Semaphore } from "effect"
import * as Log from "../log/Log.ts"
import { telemetry } from "../log/telemetry.ts"
import { TurnsRepo } from "../repo/TurnsRepo.ts"
import { surviving } from "../repo/surviving.ts"
import { type UnfinishedRow, UpdatesRepo } from "../repo/UpdatesRepo.ts"
import { Dispatcher } from "./Dispatcher.ts"
import { jobOf } from "./job.ts"
import { Leftovers } from "./Leftovers.ts"
import { Node } from "./Node.ts"
import { fullAt, Overflow, refillBatch } from "./Overflow.ts"
import { type Incoming, parseUpdate } from "./update.ts"

const lookEvery = "4 seconds"
const sweepEveryMs = 30_000

/**
 * Picks up committed updates that nobody works on: of processes that died or left, replayed ones, and our own of which
 * we lost track. Looks every few seconds, and at once when a process is gone.
 */
export class Recovery extends Context.Service<
  Recovery,
  {
    /** Looks now, not in a while; does not wait for it. */
    readonly run: Effect.Effect<void>
  }
>()("funil/engine/Recovery") {
  static readonly layer = Layer.effect(
    Recovery,
    Effect.gen(function* () {
      const updates = yield* UpdatesRepo
      const turns = yield* TurnsRepo
      const dispatcher = yield* Dispatcher
      const leftovers = yield* Leftovers
      const node = yield* Node
      const overflow = yield* Overflow
      const oneAtATime = yield* Semaphore.make(1)

      const adopt = (owner: string, rows: Effect.Effect<ReadonlyArray<UnfinishedRow>, unknown>) =>
        dispatcher.adopt(Effect.map(rows, (found) => found.map((row) => jobOf(row, incomingOf(row), owner))))

      const report = (count: number) => {
        if (count === 0) return Effect.void
        telemetry.recoveredUpdates.record({}, count)
        return Log.warn(`[BOT][RETOMADA] ${count} atendimentos interrompidos foram retomados`, {
          event_name: "recovery",
          count
        })
      }

      /** The answer to a claim got lost: its rows may be ours without our knowing which. */
      let lostAnswer = false

      const claimed = Effect.suspend(() => {
        const owner = node.id()
        const claim = Effect.tapError(updates.claimUnfinished(owner, refillBatch), () =>
          Effect.sync(() => {
            lostAnswer = true
          })
        )
        return Effect.map(adopt(owner, claim), ({ found }) => found)
      }).pipe(oneAtATime.withPermits(1))

      const ofOthers = Effect.tap(claimed, report).pipe(
        Effect.repeat({ while: (found) => found === refillBatch && dispatcher.size() < fullAt })
      )

      const ofOurs = Effect.gen(function* () {
        if (lostAnswer) {
          for (const key of yield* updates.waitingOf(node.id())) leftovers.add(key)
          lostAnswer = false
        }
        const keys = leftovers.present()
        if (keys.length === 0) return
        const began = performance.now()
        const { adopted } = yield* adopt(node.id(), updates.waitingAmong(node.id(), keys))
        leftovers.lookedAt(began)
        yield* report(adopted)
      })

      let sweptAt = Number.NEGATIVE_INFINITY
      const look = Effect.gen(function* () {
        yield* node.certainty
        yield* ofOthers
        yield* ofOurs
        // Whoever buries a process frees its turns: this finds only what got lost between the two.
        if (performance.now() - sweptAt < sweepEveryMs) return
        yield* turns.releaseOrphans
        sweptAt = performance.now()
      })

      yield* Effect.gen(function* () {
        node.freed.closeUnsafe()
        yield* look
        yield* Effect.timeoutOption(node.freed.await, lookEvery)
      }).pipe(Effect.withTracerEnabled(false), surviving("A retomada de atendimentos"), Effect.forkScoped)

      yield* overflow
        .refill(Effect.andThen(node.certainty, claimed))
        .pipe(Effect.withTracerEnabled(false), surviving("A retomada do que espera no banco"), Effect.forkScoped)

      return Recovery.of({ run: Effect.sync(() => void node.freed.openUnsafe()) })
    })
  )
}

/** One row that cannot be read must not keep all others waiting. */
const incomingOf = ({ payload }: UnfinishedRow): Incoming => {
  try {
    return parseUpdate(JSON.parse(payload))
  } catch {
    return { kind: "ignored", what: "ilegível" }
  }
}
