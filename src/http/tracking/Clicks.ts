import { Context, Effect, FiberSet, Fiber, Layer, Option, Schedule } from "effect"
import type { Bot } from "../../domain/bot.ts"
import { Tracking, type TrackingBusy, type Visitor } from "../../tracking/Tracking.ts"
import type { SqlError } from "effect/sql"
import { FloodGuard } from "../../log/FloodGuard.ts"

/** A visitor on the way to the bot waits for us no longer than this (issue of the contract: 50 ms, the rest is HTTP). */
const patience = "40 millis"

/** An absent database gets this long to come back; the click waits in memory, the visitor does not. */
const untilStored = { schedule: Schedule.spaced("500 millis"), times: 60 }

/** Clicks that wait like this at once. */
const longestMemory = 20_000

const drainTimeout = "3 seconds"

/** Writes clicks down without making anybody wait for it. */
export class Clicks extends Context.Service<
  Clicks,
  {
    /** The session of the click, if it is known soon enough. The click itself is written in any case. */
    readonly click: (bot: Bot, visitor: Visitor) => Effect.Effect<Option.Option<string>>
  }
>()("funil/http/Clicks") {
  static readonly layer = Layer.effect(
    Clicks,
    Effect.gen(function* () {
      const tracking = yield* Tracking
      const flood = yield* FloodGuard
      const fibers = yield* FiberSet.make<Option.Option<string>>()
      const fork = yield* FiberSet.runtime(fibers)<never>()
      yield* Effect.addFinalizer(() => Effect.asVoid(Effect.timeoutOption(FiberSet.awaitEmpty(fibers), drainTimeout)))

      const lost = (bot: Bot) => (error: TrackingBusy | SqlError.SqlError) =>
        Effect.as(
          flood.warn(
            `click:${bot.slug}`,
            error._tag === "TrackingBusy"
              ? `Um clique para o bot ${bot.slug} não foi contado: há visitas demais`
              : `Um clique para o bot ${bot.slug} não foi contado: o banco de dados não respondeu`
          ),
          Option.none<string>()
        )

      const write = (bot: Bot, visitor: Visitor) =>
        tracking.visit(bot, "to_bot_click", visitor).pipe(
          Effect.map(({ session }) => Option.some(session)),
          Effect.retry({ ...untilStored, while: (error) => error._tag === "SqlError" }),
          Effect.catch(lost(bot)),
          Effect.catchCause((cause) =>
            Effect.as(Effect.logError("[ERRO] Um clique não foi contado", cause), Option.none<string>())
          )
        )

      const click = Effect.fnUntraced(function* (bot: Bot, visitor: Visitor) {
        if ((yield* FiberSet.size(fibers)) >= longestMemory) {
          yield* flood.warn(`click:${bot.slug}`, `Um clique para o bot ${bot.slug} não foi contado: há visitas demais`)
          return Option.none<string>()
        }
        const fiber = fork(write(bot, visitor))
        return Option.flatten(yield* Effect.timeoutOption(Fiber.join(fiber), patience))
      })

      return Clicks.of({ click })
    })
  )
}
