import { Context, Effect, Latch, Layer, Option } from "effect"
import { Bots } from "../bots/Bots.ts"
import { type BulkLease, BulkLeasesRepo, leaseSeconds } from "../repo/BulkLeasesRepo.ts"
import { surviving } from "../repo/surviving.ts"
import { Node } from "./Node.ts"

export type { BulkLease } from "../repo/BulkLeasesRepo.ts"

const renewEvery = "1800 millis"
const leastPause = "200 millis"
/** While bots that should be ours still belong to somebody, perhaps to the dead: looked at more often. */
const lookEvery = "500 millis"
/** Our own clock stops earlier than the database's, however long its answer took. */
const validMs = leaseSeconds * 1000 - 1_000
const releaseWithin = "2 seconds"

/**
 * Which bots' bulk (downsells, shots) this process sends: each bot's by one process at a time, the bots spread evenly
 * over the living. The bots of a process that died go over once its leases have run out and it was buried, within about
 * 15 s; those of one that stops, at once. Whoever acts on a lease puts `stillLeased` into the statements that count.
 */
export class BulkLeases extends Context.Service<
  BulkLeases,
  {
    /** Synchronous; none as soon as it is not certain any more. */
    readonly of: (botId: number) => Option.Option<BulkLease>
    readonly held: () => ReadonlyArray<BulkLease>
    /** Opens when other bots are held than before. */
    readonly changed: Latch.Latch
    /** Told in the same breath. */
    readonly whenChanged: (tell: () => void) => void
  }
>()("funil/engine/BulkLeases") {
  static readonly layer = Layer.effect(
    BulkLeases,
    Effect.gen(function* () {
      const bots = yield* Bots
      const node = yield* Node
      const repo = yield* BulkLeasesRepo
      const changed = Latch.makeUnsafe(false)
      const listeners: Array<() => void> = []
      const leases = new Map<number, BulkLease>()
      let lacking = false
      let validUntil = Number.NEGATIVE_INFINITY

      const isValid = () => performance.now() < validUntil

      const set = (now: ReadonlyArray<BulkLease>) => {
        const before = [...leases.values()]
        leases.clear()
        for (const lease of now) leases.set(lease.botId, lease)
        const same = now.length === before.length && before.every((one) => leases.get(one.botId)?.epoch === one.epoch)
        if (same) return
        changed.openUnsafe()
        for (const tell of listeners) tell()
      }

      const turn = Effect.gen(function* () {
        const began = performance.now()
        const active = new Set(bots.all().flatMap((bot) => (bot.active ? [bot.id] : [])))
        const renewed = leases.size === 0 ? [] : yield* repo.renew([...leases.values()])
        const quota = quotaOf(active.size, node.living(), node.id())
        const wanted = renewed.filter((lease) => active.has(lease.botId))
        const kept = wanted.slice(0, quota)
        set(kept)
        validUntil = began + validMs
        const surplus = renewed.filter((lease) => !leases.has(lease.botId))
        if (surplus.length > 0) yield* repo.release(surplus)
        lacking = kept.length < quota
        if (!lacking) return
        const taken = yield* repo.taken
        const free = [...active].filter((id) => !leases.has(id) && !taken.has(id)).slice(0, quota - kept.length)
        if (free.length > 0) set([...kept, ...(yield* repo.acquire(node.id(), free))])
        lacking = leases.size < quota
      })

      yield* Effect.addFinalizer(() =>
        Effect.suspend(() => repo.release([...leases.values()])).pipe(
          Effect.interruptible,
          Effect.timeoutOption(releaseWithin),
          Effect.ignore
        )
      )
      // Not at once again: the latch may stay open for a while.
      const pause = Effect.andThen(
        Effect.sleep(leastPause),
        Effect.suspend(() => Effect.timeoutOption(node.freed.await, lacking ? lookEvery : renewEvery))
      )
      yield* Effect.andThen(Effect.andThen(node.certainty, turn), pause).pipe(
        Effect.withTracerEnabled(false),
        surviving("A divisão dos bots entre os processos"),
        Effect.forkScoped
      )

      return BulkLeases.of({
        of: (botId) => (isValid() ? Option.fromUndefinedOr(leases.get(botId)) : Option.none()),
        held: () => (isValid() ? [...leases.values()] : []),
        changed,
        whenChanged: (tell) => void listeners.push(tell)
      })
    })
  )
}

/** An even share; who stands first in the order that all agree on gets one of the odd ones. */
export const quotaOf = (bots: number, living: ReadonlyArray<string>, id: string): number => {
  const place = living.indexOf(id)
  if (place === -1) return 0
  return Math.floor(bots / living.length) + (place < bots % living.length ? 1 : 0)
}
