import { Cause, Effect, type Fiber, Option } from "effect"
import type { SqlError } from "effect/sql"
import type { Bots } from "../../bots/Bots.ts"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import type { TelegramCall } from "../../messages/compose.ts"
import type { Recipient } from "../../messages/personal.ts"
import type { Lane, Sender } from "../../messages/Sender.ts"
import type { BulkTarget, Departed, Departure, Settlement } from "../../repo/bulk.ts"
import type { BulkLease } from "../../repo/BulkLeasesRepo.ts"
import { interrupted, type Outcome, outcomeOf, postponed, unsendable } from "./outcome.ts"

/** One person's message of a queue, from the look ahead to its outcome. */
export interface Flight {
  readonly target: BulkTarget
  readonly lease: BulkLease
  /** Undefined: what it says is not known here yet. */
  readonly compose: (bot: Bot, person: Recipient) => ReadonlyArray<TelegramCall> | undefined
  /** Nothing of it leaves any more: paused, canceled, deleted. */
  readonly isOver: () => boolean
  /** It may have left: from here on it ends by itself. Before, it may be called back at any moment. */
  departed: boolean
  fiber: Fiber.Fiber<void> | undefined
}

export interface Landing {
  readonly outcome: Outcome
  /** It was marked as leaving, so its row says now what became of it. Otherwise the row is as it was, or not ours. */
  readonly settled: boolean
}

interface Given {
  readonly lane: Exclude<Lane, "reply">
  /** For the log: `downsell`, `disparo`. */
  readonly what: string
  readonly sender: Sender["Service"]
  readonly bots: Bots["Service"]
  readonly depart: (departure: Departure) => Effect.Effect<Departed, SqlError.SqlError>
  readonly settle: (settlement: Settlement) => Effect.Effect<unknown>
  readonly holds: (lease: BulkLease) => boolean
}

/** A short pause of Telegram is waited for in the lane, a longer one in the table. */
const patienceSeconds = 2
/** A node has every change in memory within 2 s. */
const unknownContentSeconds = 2

/** The message leaves when its lane lets it; what becomes of it is settled when this returns. */
export const makeFlying =
  ({ bots, depart, holds, lane, sender, settle, what }: Given) =>
  (flight: Flight): Effect.Effect<Landing> =>
    Effect.suspend(() => {
      const { isOver, lease, target } = flight
      let marked = false
      let confirmed = 0

      const mayLeave = () => !isOver() && holds(lease)

      const departing = Effect.suspend(() => {
        if (!mayLeave()) return Effect.succeed(false)
        flight.departed = true
        return Effect.matchEffect(depart({ id: target.id, lease }), {
          onSuccess: (answer) => {
            if (answer === "go") marked = true
            return Effect.succeed(answer === "go" && mayLeave())
          },
          // It may have been written down all the same.
          onFailure: (error) => {
            marked = true
            return Effect.as(Log.recovered(`Uma mensagem de ${what} espera pelo banco de dados`, error), false)
          }
        })
      })

      const land = (outcome: Outcome): Effect.Effect<Landing> => {
        if (!marked) return Effect.succeed({ outcome, settled: false })
        const { restSeconds: _, ...settlement } = outcome
        return Effect.as(settle({ ...settlement, id: target.id, lease }), { outcome, settled: true })
      }

      const send = Effect.suspend(() => {
        const bot = Option.getOrUndefined(bots.byId(lease.botId))
        if (bot === undefined) return Effect.succeed(postponed(undefined, 0))
        const person = {
          telegramId: target.telegramId,
          firstName: target.firstName ?? "",
          username: target.username ?? undefined
        }
        const calls = flight.compose(bot, person)
        if (calls === undefined) return Effect.as(departing, postponed(undefined, unknownContentSeconds))
        if (calls.length === 0) return Effect.as(departing, unsendable)
        return sender
          .send({
            bot,
            lane,
            calls,
            departing,
            patienceSeconds,
            onConfirmed: (count) => Effect.sync(() => void (confirmed = count))
          })
          .pipe(
            Effect.exit,
            Effect.map((exit) => outcomeOf(exit, confirmed))
          )
      })

      // A message that cannot even be put together is set aside, and with it nobody else.
      const broken = (cause: Cause.Cause<never>) => {
        if (Cause.hasInterrupts(cause)) return Effect.failCause(cause)
        return Effect.andThen(
          Log.error(`[ERRO] A mensagem de ${what} para ${target.telegramId} falhou: ${Log.detailOf(cause)}`),
          Effect.as(departing, unsendable)
        )
      }

      return Effect.uninterruptibleMask((restore) =>
        restore(Effect.catchCause(send, broken)).pipe(
          Effect.flatMap(land),
          // Called back before it left there is nothing to settle; interrupted later, nobody knows.
          Effect.onInterrupt(() => land(interrupted))
        )
      )
    })
