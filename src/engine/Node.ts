import { Context, Deferred, Effect, Latch, Layer, Option, Queue } from "effect"
import { randomBytes } from "node:crypto"
import { hostname } from "node:os"
import { Changes } from "../db/Changes.ts"
import * as Log from "../log/Log.ts"
import { NodesRepo, type OtherNode } from "../repo/NodesRepo.ts"
import { surviving } from "../repo/surviving.ts"
import { Witness } from "./witness.ts"

const beatEvery = "1 second"
const beatUntilAdmittedEvery = "100 millis"
/** After this long without a beat nobody may be sure any more that his work is still his. */
const certainMs = 3_000
/** Whoever is silent for longer than that begins nothing before his next beat, and in that he learns of us. */
const silentMs = certainMs + 500
const leaveWithin = "2 seconds"

type Succession = (formerly: string, now: string) => Effect.Effect<void, unknown>

/**
 * This process among those that share the database (docs/architecture.md, "Several processes"). Its rows of work carry
 * its name; they are free for others once it has left or was buried, and never before. A process that was buried while
 * it stood still goes on under a new name, with what nobody has taken.
 */
export class Node extends Context.Service<
  Node,
  {
    readonly id: () => string
    /** No other process is there: nothing has to be agreed on with anybody. */
    readonly alone: () => boolean
    /** The living, this one included, in a fixed order. */
    readonly living: () => ReadonlyArray<string>
    /** Nobody can have taken this process's work, and everybody reckons with it. */
    readonly certain: () => boolean
    /** Returns when that is so. */
    readonly certainty: Effect.Effect<void>
    /** Opens when work may have become free. */
    readonly freed: Latch.Latch
    /** Runs before others hear that this process reckons with a newcomer, who begins nothing until then. */
    readonly beforeCompany: (prepare: Effect.Effect<void, unknown>) => void
    /** Runs before this process works on under its new name. Repeated until it succeeds. */
    readonly onSuccession: (succeed: Succession) => void
  }
>()("funil/engine/Node") {
  static readonly layer = Layer.effect(
    Node,
    Effect.suspend(() => make)
  )
}

const newName = () => `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`

const make = Effect.gen(function* () {
  const nodes = yield* NodesRepo
  const changes = yield* Changes
  const witness = new Witness()
  const freed = Latch.makeUnsafe(false)
  const nudge = Latch.makeUnsafe(false)
  const preparations: Array<Effect.Effect<void, unknown>> = []
  const successions: Array<Succession> = []
  let id = newName()
  let formerNames: ReadonlyArray<string> = []
  let peers: ReadonlyArray<string> = []
  /** The peers that may know that we reckon with them. */
  let acknowledged: ReadonlyArray<string> = []
  /** They were here before us and may not know of us yet. */
  let elders: ReadonlySet<string> = new Set()
  let beatAt = Number.NEGATIVE_INFINITY
  let beaten = Deferred.makeUnsafe<void>()
  let lookedAround = false
  let nudged = false

  const join = Effect.gen(function* () {
    const others = yield* nodes.join(id)
    peers = others.map((other) => other.id)
    acknowledged = []
    elders = new Set(peers)
  })

  const rejoin = Effect.gen(function* () {
    const formerly = id
    id = newName()
    yield* Effect.onError(join, () =>
      Effect.sync(() => {
        id = formerly
      })
    )
    formerNames = [...formerNames, formerly]
    yield* Log.warn("[AVISO] Este processo ficou parado tanto tempo que outro ficou com o trabalho dele; ele continua")
  })

  const succeed = Effect.gen(function* () {
    for (const formerly of formerNames) {
      for (const succession of successions) yield* succession(formerly, id)
      formerNames = formerNames.filter((name) => name !== formerly)
    }
  })

  const reckonWith = Effect.fnUntraced(function* (others: ReadonlyArray<OtherNode>) {
    const present = new Set(others.map((other) => other.id))
    if (peers.some((peer) => !present.has(peer))) freed.openUnsafe()
    peers = [...present]
    elders = new Set(
      others
        .filter((other) => elders.has(other.id) && !other.peers.includes(id) && other.ageMs < silentMs)
        .map((other) => other.id)
    )
    const newcomers = peers.some((peer) => !acknowledged.includes(peer))
    if (newcomers) for (const preparation of preparations) yield* preparation
    acknowledged = peers
    if (newcomers) yield* nodes.beat(id, acknowledged)
  })

  // A newcomer tells everybody, and begins nothing until all have reckoned with it who were not silent. So whoever is
  // alone, was told of nobody and cannot have seemed silent looks around with every second beat only.
  const maySkipLook = () => lookedAround && !nudged && peers.length === 0 && performance.now() - beatAt < certainMs

  const beat = Effect.gen(function* () {
    const begun = performance.now()
    if (!(yield* nodes.beat(id, acknowledged))) yield* rejoin
    yield* succeed
    const skips = maySkipLook()
    // Also when the look fails.
    lookedAround = false
    if (!skips) {
      yield* lookAround(begun)
      lookedAround = true
    }
    beatAt = begun
    if (elders.size > 0) return
    const waiting = beaten
    beaten = Deferred.makeUnsafe<void>()
    yield* Deferred.succeed(waiting, undefined)
  })

  const lookAround = Effect.fnUntraced(function* (begun: number) {
    const others = yield* nodes.others(id)
    const dead = witness.look(others, begun)
    const buried = dead.length === 0 ? [] : yield* nodes.bury(dead)
    yield* reckonWith(others.filter((other) => !buried.includes(other.id)))
  })

  const certain = () => elders.size === 0 && formerNames.length === 0 && performance.now() - beatAt < certainMs

  const live = Effect.gen(function* () {
    nudge.closeUnsafe()
    yield* Effect.onError(beat, () => Effect.sync(() => witness.missed()))
    const told = yield* Effect.timeoutOption(nudge.await, elders.size > 0 ? beatUntilAdmittedEvery : beatEvery)
    nudged = Option.isSome(told)
  }).pipe(Effect.withTracerEnabled(false))

  const told = yield* changes.subscribe
  yield* Effect.orDie(join)
  yield* Effect.addFinalizer(() =>
    Effect.ignore(Effect.timeoutOption(Effect.interruptible(Effect.suspend(() => nodes.leave(id))), leaveWithin))
  )
  yield* Effect.forkScoped(surviving("O sinal de vida deste processo")(live))
  yield* Queue.take(told).pipe(
    Effect.map((change) => {
      if (change._tag === "Resync" || change.table === "nodes") nudge.openUnsafe()
    }),
    surviving("A escuta dos outros processos"),
    Effect.forkScoped
  )

  return Node.of({
    id: () => id,
    alone: () => peers.length === 0,
    living: () => [id, ...peers].toSorted(),
    certain,
    certainty: Effect.whileLoop({
      while: () => !certain(),
      body: () => Deferred.await(beaten),
      step: () => undefined
    }),
    freed,
    beforeCompany: (preparation) => void preparations.push(preparation),
    onSuccession: (succession) => void successions.push(succession)
  })
})
