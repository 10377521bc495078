import { Context, Effect, FiberSet, Latch, Layer, Option } from "effect"
import { Bots } from "../../bots/Bots.ts"
import * as Log from "../../log/Log.ts"
import { Sender } from "../../messages/Sender.ts"
import type { BulkLease } from "../../repo/BulkLeasesRepo.ts"
import { ShotQueueRepo } from "../../repo/ShotQueueRepo.ts"
import { ShotsRepo } from "../../repo/ShotsRepo.ts"
import { surviving } from "../../repo/surviving.ts"
import { BulkLeases } from "../BulkLeases.ts"
import { BotFeed } from "./BotFeed.ts"
import { makeFlying } from "./flying.ts"
import { makeLedger } from "./ledger.ts"
import { LiveShot } from "./LiveShot.ts"
import { makeTallies } from "./tallies.ts"

/** Leases are looked at in memory; whatever else changes is told. */
const lookEvery = "500 millis"
/** What has left gets this long to be answered at a stop; what has not goes back at once. */
const drainTimeout = "6 seconds"
/**
 * Sends the shots of the bots whose bulk this process has: looks ahead about a second of each bot's rate, lets the
 * lanes say who leaves when, and writes down who may have left before he does (ShotQueueRepo).
 */
export class ShotSending extends Context.Service<
  ShotSending,
  {
    /** Reads which shots are being sent; a paused or canceled one stops when this returns. */
    readonly refresh: Effect.Effect<void, unknown>
  }
>()("funil/engine/ShotSending") {
  static readonly layer = Layer.effect(
    ShotSending,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const bots = yield* Bots
  const leases = yield* BulkLeases
  const shots = yield* ShotsRepo
  const queue = yield* ShotQueueRepo
  const sender = yield* Sender

  const live = new Map<number, LiveShot>()
  const feeds = new Map<number, BotFeed>()
  let stopping = false

  const { depart, isOurs, settle, takeOver } = yield* makeLedger(queue, "mensagens de disparos")

  const holds = (lease: BulkLease) =>
    !stopping &&
    Option.exists(leases.of(lease.botId), (mine) => mine.epoch === lease.epoch && mine.owner === lease.owner)

  const fly = makeFlying({ lane: "shot", what: "disparo", sender, bots, depart, settle, holds })
  const fork = yield* FiberSet.makeRuntime<never>()

  const feedOf = (botId: number) => {
    const before = feeds.get(botId)
    if (before !== undefined) return before
    const feed = new BotFeed(botId)
    feeds.set(botId, feed)
    fork(
      feed
        .run({ bots, leases, queue, fly, fork, landed, finish, live: () => (stopping ? [] : shotsOf(botId)) })
        .pipe(
          Log.logged(`O envio dos disparos do bot ${botId}`),
          Effect.ensuring(Effect.sync(() => feeds.delete(botId)))
        )
    )
    return feed
  }

  const { finish, landed } = makeTallies({ queue, shots })

  const shotsOf = (botId: number) => [...live.values()].filter((shot) => shot.row.botId === botId && !shot.over)

  const refresh = Effect.gen(function* () {
    const rows = yield* shots.live
    const present = new Set(rows.map((row) => row.id))
    for (const [id, shot] of live) {
      if (present.has(id)) continue
      shot.over = true
      live.delete(id)
    }
    for (const row of rows) {
      const before = live.get(row.id)
      if (before === undefined) live.set(row.id, new LiveShot(row))
      else before.row = row
    }
    for (const feed of feeds.values()) feed.stir()
    look.openUnsafe()
  }).pipe(Effect.withTracerEnabled(false))

  const look = Latch.makeUnsafe(false)

  const turn = Effect.gen(function* () {
    look.closeUnsafe()
    const held = leases.held()
    yield* takeOver(held)
    const wanted = new Set([...live.values()].flatMap((shot) => (shot.over ? [] : [shot.row.botId])))
    for (const { botId } of held) if (wanted.has(botId)) feedOf(botId)
    for (const feed of feeds.values()) if (!isOurs(feed.botId)) feed.stir()
    yield* Effect.timeoutOption(look.await, lookEvery)
  }).pipe(Effect.withTracerEnabled(false))

  yield* Effect.forkScoped(surviving("O envio dos disparos")(turn))
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      stopping = true
      for (const feed of feeds.values()) feed.recallAll()
      const landed = Effect.forEach(feeds.values(), (feed) => feed.empty, { discard: true })
      return Effect.asVoid(Effect.timeoutOption(landed, drainTimeout))
    })
  )

  return ShotSending.of({ refresh })
})
