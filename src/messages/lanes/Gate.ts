import { Clock, Duration, Effect, Exit, Fiber, Option } from "effect"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import { BotUnusable, RateLimited } from "../../telegram/reasons.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"
import { sendConnections } from "../../telegram/transport.ts"
import type { Lane } from "./lane.ts"
import { Lanes } from "./Lanes.ts"
import { makeMeters } from "./meters.ts"
import type { Trip } from "./Trip.ts"

export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** The call did not leave: the pause was too long to wait for, or the bot is gone. Not an answer of Telegram. */
export interface GaveUp {
  readonly _tag: "GaveUp"
  readonly reason: RateLimited | BotUnusable
}

/** A `send` in the lanes. To be used in an uninterruptible region and ended whatever happens. */
export interface Passage {
  readonly trip: Trip
  readonly bot: Bot
}

/**
 * The lanes at work: keeps their time, wakes them, and suspends callers until their turn. A call that may leave at once
 * does so synchronously, without a timer or a fiber; one that waits costs its suspended caller and nothing else.
 */
export const makeGate = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const context = yield* Effect.context()
  const lanes = new Lanes(sendConnections)
  const meters = makeMeters(context)
  const fork = Effect.runForkWith(context)
  let alarm: { readonly at: number; readonly fiber: Fiber.Fiber<void> } | undefined
  let telling = false
  yield* Effect.addFinalizer(() => (alarm === undefined ? Effect.void : Fiber.interrupt(alarm.fiber)))

  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

  /** Tells those whose wait is over, and sets the alarm for the next. A resumed caller runs here and may come back in. */
  const settle = () => {
    if (telling) return
    telling = true
    for (let trip = lanes.nextDecided(); trip !== undefined; trip = lanes.nextDecided()) {
      const { resume } = trip
      if (resume === undefined) continue
      stopWaiting(trip)
      resume()
    }
    telling = false
    setAlarm()
  }

  const setAlarm = () => {
    const at = lanes.nextAt()
    if (at === undefined || (alarm !== undefined && alarm.at <= at)) return
    alarm?.fiber.interruptUnsafe()
    // Timers count whole milliseconds.
    const delay = Duration.millis(Math.max(1, Math.ceil(at - now())))
    const ring = Effect.sync(() => {
      alarm = undefined
      lanes.wake(now())
      settle()
    })
    alarm = { at, fiber: fork(Log.logged("O relógio das filas de envio")(Effect.andThen(clock.sleep(delay), ring))) }
  }

  const stopWaiting = (trip: Trip) => {
    trip.resume = undefined
    meters.waiting(trip.lane, -1)
  }

  const begin = (bot: Bot, chatId: number | string, lane: Lane): Passage => ({
    bot,
    trip: lanes.begin(bot, chatKey(chatId), lane, now())
  })

  const end = ({ trip }: Passage) => {
    if (trip.resume !== undefined) stopWaiting(trip)
    lanes.end(trip, now())
    settle()
  }

  const turn = (trip: Trip) =>
    Effect.callback<void>((resume) => {
      // A fiber may be made to yield at any step: the verdict can be there by now.
      if (trip.verdict !== undefined) return resume(Effect.void)
      trip.resume = () => resume(Effect.void)
      meters.waiting(trip.lane, 1)
    })

  const landed = <A>({ bot, trip }: Passage, exit: Exit.Exit<A, TelegramError>): Effect.Effect<A, TelegramError> => {
    const limit = limitOf(exit)
    const pause = limit === undefined ? undefined : lanes.limited(trip, limit.retryAfterSeconds, now())
    lanes.landed(trip, exit._tag === "Success", now())
    settle()
    if (limit === undefined || pause === undefined) return exit
    meters.limited()
    return pause.isNews ? Effect.andThen(reportPause(bot, trip, pause.scope, limit), exit) : exit
  }

  const depart = <A>(
    passage: Passage,
    call: Effect.Effect<A, TelegramError>
  ): Effect.Effect<A, TelegramError | GaveUp> => {
    const { verdict } = passage.trip
    if (verdict?._tag === "Go") return Effect.flatMap(Effect.exit(call), (exit) => landed(passage, exit))
    return Effect.fail({
      _tag: "GaveUp",
      reason:
        verdict?._tag === "TooLong"
          ? new RateLimited({ retryAfterSeconds: verdict.seconds, description: "paused" })
          : new BotUnusable({ why: "unauthorized", description: "bot removed" })
    })
  }

  /** Makes the call when its turn has come. No pause that ends after `giveUpAt` is waited for. */
  const pass = <A>(
    passage: Passage,
    giveUpAt: number,
    restore: Restore,
    call: Effect.Effect<A, TelegramError>
  ): Effect.Effect<A, TelegramError | GaveUp> =>
    Effect.suspend(() => {
      const { trip } = passage
      lanes.ask(trip, giveUpAt, now())
      settle()
      return trip.verdict === undefined
        ? Effect.flatMap(restore(turn(trip)), () => depart(passage, restore(call)))
        : depart(passage, restore(call))
    })

  return {
    now,
    begin,
    end,
    pass,
    meters,
    /** Bulk of a bot that was refused leaves nothing for a moment. */
    restBulk: ({ trip }: Passage, ms: number) => trip.bot.restBulk(now() + ms),
    configure: (bot: Bot) => {
      lanes.configure(bot, now())
      settle()
    },
    dismiss: (botId: number) => {
      lanes.dismiss(botId)
      settle()
    }
  }
})

const reportPause = (bot: Bot, trip: Trip, scope: "bot" | "chat", reason: RateLimited) => {
  const whom = scope === "bot" ? `ao bot ${bot.slug}` : `à conversa ${trip.chat.id} do bot ${bot.slug}`
  return Log.warn(
    `[AVISO] O Telegram pediu ${reason.retryAfterSeconds} s de pausa ${whom}; as mensagens esperam e nenhuma se perde`,
    { slug: bot.slug, event_name: "rate_limited" }
  )
}

const limitOf = (exit: Exit.Exit<unknown, TelegramError>): RateLimited | undefined => {
  if (exit._tag === "Success") return undefined
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  return error?.reason._tag === "RateLimited" ? error.reason : undefined
}

/** The same chat under one name, however the caller wrote it. */
const chatKey = (id: number | string): number | string =>
  typeof id === "string" && /^-?\d+$/.test(id) ? Number(id) : id
