import { Cause, Effect, type Fiber, Option } from "effect"
import type { SqlError } from "effect/sql"
import type { Bots } from "../../bots/Bots.ts"
import { shotSource } from "../../domain/callback.ts"
import * as Log from "../../log/Log.ts"
import { composeFor } from "../../messages/personal.ts"
import type { Sender } from "../../messages/Sender.ts"
import type { BulkLease } from "../../repo/BulkLeasesRepo.ts"
import type { Departed, Departure, Settlement, ShotTarget } from "../../repo/ShotQueueRepo.ts"
import type { LiveShot } from "./LiveShot.ts"
import { interrupted, type Outcome, outcomeOf, postponed } from "./outcome.ts"

/** One person's message, from the look ahead to its outcome. */
export interface Flight {
  readonly target: ShotTarget
  readonly shot: LiveShot
  readonly lease: BulkLease
  /** It may have left: from here on it ends by itself. Before, it may be called back at any moment. */
  departed: boolean
  fiber: Fiber.Fiber<void> | undefined
}

interface Given {
  readonly sender: Sender["Service"]
  readonly bots: Bots["Service"]
  readonly depart: (departure: Departure) => Effect.Effect<Departed, SqlError.SqlError>
  readonly settle: (settlement: Settlement) => Effect.Effect<unknown>
  readonly holds: (lease: BulkLease) => boolean
}

/** A short pause of Telegram is waited for in the lane, a longer one in the table. */
const patienceSeconds = 2

/** The message leaves when its lane lets it; what becomes of it is settled when this returns, and answered. */
export const makeFlying =
  ({ bots, depart, holds, sender, settle }: Given) =>
  (flight: Flight): Effect.Effect<Outcome | undefined> =>
    Effect.suspend(() => {
      const { lease, shot, target } = flight
      let marked = false
      let confirmed = 0

      const mayLeave = () => !shot.over && holds(lease)

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
            return Effect.as(Log.recovered("Uma mensagem de disparo espera pelo banco de dados", error), false)
          }
        })
      })

      const outcome = (result: Outcome) => {
        if (!marked) return Effect.void as Effect.Effect<undefined>
        const { restSeconds: _, ...settlement } = result
        return Effect.as(settle({ ...settlement, id: target.id, lease }), result)
      }

      const send = Effect.suspend(() => {
        const bot = Option.getOrUndefined(bots.byId(lease.botId))
        if (bot === undefined) return Effect.succeed(postponed(undefined, 0))
        const person = {
          telegramId: target.telegramId,
          firstName: target.firstName ?? "",
          username: target.username ?? undefined
        }
        const calls = shot.contents.flatMap((content) =>
          composeFor(bot, person, content, { source: shotSource(shot.row.id) })
        )
        return sender
          .send({
            bot,
            lane: "shot",
            calls,
            departing,
            patienceSeconds,
            onConfirmed: (count) => Effect.sync(() => void (confirmed = count))
          })
          .pipe(
            Effect.exit,
            Effect.map((exit) => outcomeOf(exit, target.attempts, confirmed))
          )
      })

      // A message that cannot even be put together is set aside, and with it nobody else.
      const broken = (cause: Cause.Cause<never>) => {
        if (Cause.hasInterrupts(cause)) return Effect.failCause(cause)
        return Effect.andThen(
          Log.error(`[ERRO] A mensagem de disparo para ${target.telegramId} falhou: ${Log.detailOf(cause)}`),
          Effect.as(Effect.ignore(departing), {
            ...postponed(undefined, 0),
            status: "failed" as const,
            error: "a mensagem não pôde ser montada",
            tried: true,
            retryAfterSeconds: undefined
          })
        )
      }

      return Effect.uninterruptibleMask((restore) =>
        restore(Effect.catchCause(send, broken)).pipe(
          Effect.flatMap(outcome),
          // Called back before it left there is nothing to settle; interrupted later, nobody knows.
          Effect.onInterrupt(() => outcome(interrupted))
        )
      )
    })
