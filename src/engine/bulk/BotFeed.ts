import { Effect, type Fiber, Latch, Option } from "effect"
import type { SqlError } from "effect/sql"
import type { Bots } from "../../bots/Bots.ts"
import type { Bot } from "../../domain/bot.ts"
import { shotSource } from "../../domain/callback.ts"
import * as Log from "../../log/Log.ts"
import { composeFor } from "../../messages/personal.ts"
import type { BulkLease } from "../../repo/BulkLeasesRepo.ts"
import type { ShotQueueRepo } from "../../repo/ShotQueueRepo.ts"
import type { BulkLeases } from "../BulkLeases.ts"
import type { Flight, Landing } from "./flying.ts"
import type { LiveShot } from "./LiveShot.ts"
import type { Outcome } from "./outcome.ts"

/** Somebody's message of a shot. */
interface ShotFlight extends Flight {
  readonly shot: LiveShot
}

export interface Given {
  readonly bots: Bots["Service"]
  readonly leases: BulkLeases["Service"]
  readonly queue: ShotQueueRepo["Service"]
  readonly fly: (flight: Flight) => Effect.Effect<Landing>
  readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  /** The bot's shots that are being sent, the oldest first. */
  readonly live: () => ReadonlyArray<LiveShot>
  readonly landed: (shot: LiveShot, outcome: Outcome, telegramId: number) => Effect.Effect<void>
  /** Nobody of it waits any more; false when somebody does. */
  readonly finish: (shot: LiveShot, lease: BulkLease) => Effect.Effect<boolean, SqlError.SqlError>
}

/** Whatever happens is told; this is for what nobody thought of. */
const longestWaitMs = 10_000

/** So much is looked at ahead of the lanes: what a bot sends in a second, within bounds. */
const aheadOf = (bot: Bot): number =>
  Math.min(8_000, Math.max(32, bot.allowPaidBroadcast ? bot.paidMessagesPerSecond : bot.messagesPerSecond))

/** Feeds the shots of one bot into its lane, for as long as this process has its lease and there are any. */
export class BotFeed {
  readonly botId: number
  readonly #flights = new Set<ShotFlight>()
  readonly #stirred = Latch.makeUnsafe(false)
  readonly #emptied = Latch.makeUnsafe(true)
  /** It is worth looking for more when no more than this are under way. */
  #stirBelow = 0
  #restUntil = 0
  #failing = false

  constructor(botId: number) {
    this.botId = botId
  }

  /** Something has changed: look again. */
  stir(): void {
    for (const flight of this.#flights) if (flight.shot.over) recall(flight)
    this.#stirred.openUnsafe()
  }

  /** What has not left stays. */
  recallAll(): void {
    for (const flight of this.#flights) recall(flight)
  }

  /** Returns when everything that left has its outcome. */
  get empty(): Effect.Effect<void> {
    return Effect.asVoid(this.#emptied.await)
  }

  /** Ends when there is nothing to do here any more. */
  run(given: Given): Effect.Effect<void> {
    return Effect.whileLoop({
      while: () => given.live().length > 0 && Option.isSome(given.leases.of(this.botId)),
      body: () => Effect.catchTag(this.#turn(given), "SqlError", (error) => this.#failed(error)),
      step: () => undefined
    }).pipe(Effect.ensuring(Effect.sync(() => this.recallAll())), Effect.withTracerEnabled(false))
  }

  #failed(error: SqlError.SqlError): Effect.Effect<void> {
    const report = this.#failing
      ? Effect.void
      : Log.recovered("Os disparos esperam pelo banco de dados", error, { event_name: "shot_waits" })
    this.#failing = true
    return Effect.andThen(report, Effect.sleep("1 second"))
  }

  #turn(given: Given): Effect.Effect<void, SqlError.SqlError> {
    return Effect.gen({ self: this }, function* () {
      this.#stirred.closeUnsafe()
      const bot = Option.getOrUndefined(given.bots.byId(this.botId))
      const lease = Option.getOrUndefined(given.leases.of(this.botId))
      if (bot === undefined || lease === undefined) return yield* this.#wait(1_000)
      const restMs = this.#restUntil - performance.now()
      if (restMs > 0) return yield* this.#wait(restMs)
      const ahead = aheadOf(bot)
      const room = ahead - this.#flights.size
      // In few large looks rather than many small ones.
      this.#stirBelow = (ahead * 3) / 4
      if (room < ahead / 4) return yield* this.#wait(longestWaitMs)
      for (const shot of given.live()) {
        if (!shot.lookedAtAll) return yield* this.#launch(given, shot, lease, room)
        if (shot.underWay > 0 || shot.retryAt > performance.now()) continue
        const waitMs = yield* given.queue.nextTryMs(shot.row.id)
        this.#failing = false
        if (waitMs === undefined && (yield* given.finish(shot, lease))) return
        // Somebody who had the bot before may still be told what became of the last ones.
        shot.afterId = 0
        shot.lookedAtAll = waitMs !== 0
        shot.retryAt = performance.now() + (waitMs ?? 2_000)
        if (!shot.lookedAtAll) return
      }
      const waitMs = Math.min(...given.live().map((shot) => shot.retryAt)) - performance.now()
      yield* this.#wait(waitMs > 0 ? waitMs : longestWaitMs)
    })
  }

  /** Until something changes; `stir` may have come meanwhile. */
  #wait(ms: number): Effect.Effect<void> {
    return Effect.asVoid(Effect.timeoutOption(this.#stirred.await, Math.min(ms, longestWaitMs)))
  }

  #launch(given: Given, shot: LiveShot, lease: BulkLease, room: number) {
    return Effect.map(given.queue.claim(lease, shot.row.id, shot.afterId, room), ({ lastId, looked, targets }) => {
      shot.afterId = lastId
      shot.lookedAtAll = looked < room
      if (shot.over) return
      for (const target of targets) {
        const flight: ShotFlight = {
          target,
          shot,
          lease,
          compose: (bot, person) =>
            shot.contents.flatMap((content) => composeFor(bot, person, content, { source: shotSource(shot.row.id) })),
          isOver: () => shot.over,
          departed: false,
          fiber: undefined
        }
        this.#flights.add(flight)
        this.#emptied.closeUnsafe()
        shot.underWay += 1
        flight.fiber = given.fork(this.#follow(given, flight))
      }
    })
  }

  #follow(given: Given, flight: ShotFlight): Effect.Effect<void> {
    const { shot, target } = flight
    return given.fly(flight).pipe(
      Effect.flatMap(({ outcome, settled }) => {
        if (outcome.restSeconds !== undefined && outcome.restSeconds > 0) {
          this.#restUntil = Math.max(this.#restUntil, performance.now() + outcome.restSeconds * 1000)
        }
        if (!settled) return Effect.void
        return given.landed(shot, outcome, target.telegramId)
      }),
      Effect.ensuring(
        Effect.sync(() => {
          shot.underWay -= 1
          this.#flights.delete(flight)
          if (this.#flights.size === 0) this.#emptied.openUnsafe()
          if (shot.underWay === 0 || this.#flights.size <= this.#stirBelow) this.#stirred.openUnsafe()
        })
      )
    )
  }
}

/** A message that may have left is not called back: its outcome is awaited. */
const recall = (flight: Flight): void => {
  if (!flight.departed) flight.fiber?.interruptUnsafe()
}
