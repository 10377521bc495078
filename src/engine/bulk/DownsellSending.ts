import { Clock, Context, Effect, FiberSet, Latch, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import { Bots } from "../../bots/Bots.ts"
import type { Bot } from "../../domain/bot.ts"
import { downsellSource } from "../../domain/callback.ts"
import { secondsUntilOpen } from "../../domain/hours.ts"
import * as Log from "../../log/Log.ts"
import { composeFor } from "../../messages/personal.ts"
import { Sender } from "../../messages/Sender.ts"
import type { BulkLease } from "../../repo/BulkLeasesRepo.ts"
import { DownsellQueueRepo, type DownsellTarget } from "../../repo/DownsellQueueRepo.ts"
import { BulkLeases } from "../BulkLeases.ts"
import { Crew } from "./Crew.ts"
import { type Flight, type Landing, makeFlying } from "./flying.ts"
import { makeLedger } from "./ledger.ts"

/** What becomes due before the next regular look is known already, and slept for. */
const horizonMs = 5_000
/** What has left gets this long to be answered at a stop; what has not stays where it is. */
const drainTimeout = "6 seconds"
/** A row that could not leave is looked at again after this long, not at once. */
const restAfterRefusal = "1 second"

/**
 * Sends the downsells of the bots whose bulk this process has: takes what is due into memory, as much as a few seconds
 * of each bot's rate, lets the lanes say who leaves when, and writes down who may have left before he does.
 */
export class DownsellSending extends Context.Service<
  DownsellSending,
  {
    /** Takes what is due; answers in how many milliseconds more will be, as far as it is near. */
    readonly turn: Effect.Effect<number | void, SqlError.SqlError>
    /** Opens when there is room for more, or other bots are ours. */
    readonly signal: Latch.Latch
  }
>()("funil/engine/DownsellSending") {
  static readonly layer = Layer.effect(
    DownsellSending,
    Effect.suspend(() => make)
  )
}

const make = Effect.gen(function* () {
  const bots = yield* Bots
  const leases = yield* BulkLeases
  const queue = yield* DownsellQueueRepo
  const sender = yield* Sender

  const signal = Latch.makeUnsafe(false)
  const crew = new Crew(() => signal.openUnsafe())
  let stopping = false

  const { depart, settle, takeOver } = yield* makeLedger(queue, "mensagens de downsells")
  const holds = (lease: BulkLease) =>
    !stopping &&
    Option.exists(leases.of(lease.botId), (mine) => mine.epoch === lease.epoch && mine.owner === lease.owner)

  const fly = makeFlying({ lane: "downsell", what: "downsell", sender, bots, depart, settle, holds })
  const fork = yield* FiberSet.makeRuntime<never>()

  const report = (bot: Bot, row: DownsellTarget, landing: Landing, latencyMs: number) => {
    if (!landing.settled) return Effect.void
    const { error, status } = landing.outcome
    const fields = {
      slug: bot.slug,
      telegram_id: row.telegramId,
      downsell_id: row.downsellId,
      event_name: "downsell_send",
      latency_ms: Math.round(latencyMs)
    }
    const name = bot.downsells.get(row.downsellId)?.name ?? String(row.downsellId)
    if (status === "sent") {
      return Log.info(
        `[BOT][DOWNSELL] Downsell "${name}" enviado para ${row.telegramId} em ${fields.latency_ms} ms`,
        fields
      )
    }
    if (status === "pending") {
      return error === undefined
        ? Effect.void
        : Log.warn(`[AVISO] O downsell "${name}" para ${row.telegramId} será tentado de novo: ${error}`, fields)
    }
    return Log.error(`[ERRO] Falha ao enviar o downsell "${name}" para o usuário ${row.telegramId}: ${error}`, fields)
  }

  const launch = (bot: Bot, row: DownsellTarget, lease: BulkLease) => {
    const flight: Flight = {
      target: row,
      lease,
      // What is sent is what the seller says at that moment.
      compose: (now, person) =>
        now.downsells
          .get(row.downsellId)
          ?.contents.flatMap((content) => composeFor(now, person, content, { source: downsellSource(row.downsellId) })),
      isOver: () => false,
      departed: false,
      fiber: undefined
    }
    crew.enter(bot, row.id, flight)
    const beganAt = performance.now()
    flight.fiber = fork(
      fly(flight).pipe(
        Effect.tap((landing) => report(bot, row, landing, performance.now() - beganAt)),
        Effect.flatMap((landing) => {
          const rest = landing.outcome.restSeconds ?? 0
          if (rest > 0) crew.rest(bot.id, rest * 1000)
          return landing.settled ? Effect.void : Effect.sleep(restAfterRefusal)
        }),
        Log.logged(`O downsell ${row.id} do bot ${bot.slug}`),
        Effect.ensuring(Effect.sync(() => crew.leave(bot, row.id)))
      )
    )
  }

  const turn = Effect.gen(function* () {
    if (stopping) return
    const held = leases.held()
    yield* takeOver(held)
    const ours = new Map(held.map((lease) => [lease.botId, lease]))
    const wanted = held.flatMap(({ botId }) => {
      const bot = Option.getOrUndefined(bots.byId(botId))
      return bot?.active === true && crew.hasRoom(bot) ? [{ botId, slug: bot.slug, limit: crew.windowOf(bot) }] : []
    })
    if (wanted.length === 0) return
    const rows = yield* queue.due(wanted, horizonMs)
    const now = new Date(yield* Clock.currentTimeMillis)
    const later: Array<{ readonly id: number; readonly seconds: number }> = []
    let next = Infinity
    for (const row of rows) {
      const lease = ours.get(row.botId)
      const bot = Option.getOrUndefined(bots.byId(row.botId))
      if (lease === undefined || bot === undefined || crew.has(row.id)) continue
      if (row.inMs > 0) {
        next = Math.min(next, row.inMs)
        continue
      }
      const hours = bot.downsells.get(row.downsellId)?.hours
      const seconds = hours === undefined ? 0 : secondsUntilOpen(hours, now)
      if (seconds > 0) later.push({ id: row.id, seconds })
      else launch(bot, row, lease)
    }
    if (later.length > 0) yield* queue.postpone(later)
    return Math.ceil(next)
  })

  leases.whenChanged(() => signal.openUnsafe())
  yield* bots.onChange((bot) => Effect.sync(() => void (bot.active && signal.openUnsafe())))
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      stopping = true
      crew.recall()
      return Effect.asVoid(Effect.timeoutOption(crew.empty, drainTimeout))
    })
  )
  return DownsellSending.of({ turn, signal })
})
