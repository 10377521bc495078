import { Context, Effect, Layer } from "effect"
import type { Bot } from "../domain/bot.ts"
import type { CheckoutError } from "../payments/Checkout.ts"
import type { Recording } from "../repo/RecordingsRepo.ts"
import type { TelegramError } from "../telegram/TelegramError.ts"
import type { SqlError } from "effect/sql/SqlError"
import { texts } from "../messages/texts.ts"
import { makeAnswer } from "./handlers/answer.ts"
import { makeConsent } from "./handlers/consent.ts"
import { makeJoin } from "./handlers/join.ts"
import { makeStart } from "./handlers/start.ts"
import { makeTap } from "./handlers/tap.ts"
import { silent, type UpdateJob } from "./job.ts"

export type HandlerError = TelegramError | SqlError | CheckoutError

export interface Handled extends Recording {
  /** The person has an answer now; it also serves for the same wish that waits behind (coalesce.ts). */
  readonly answered?: boolean
}

/** From an update to its answer. A failure means: nothing is recorded, the update will be handled again. */
export class Handlers extends Context.Service<
  Handlers,
  {
    readonly handle: (bot: Bot, job: UpdateJob) => Effect.Effect<Handled, HandlerError>
    /** What a tap gets that is answered by somebody else's message: its spinner stops. */
    readonly acknowledge: (bot: Bot, job: UpdateJob) => Effect.Effect<void>
  }
>()("funil/engine/Handlers") {
  static readonly layer = Layer.effect(
    Handlers,
    Effect.gen(function* () {
      const start = yield* makeStart
      const tap = yield* makeTap
      const answer = yield* makeAnswer
      const join = yield* makeJoin
      const consent = yield* makeConsent

      const handle = (bot: Bot, job: UpdateJob): Effect.Effect<Handled, HandlerError> => {
        const { incoming } = job
        switch (incoming.kind) {
          case "start":
            return start(bot, job, incoming)
          case "tap":
            return tap(bot, job, incoming)
          case "join":
            return join(bot, job, incoming)
          case "consent":
            return consent(bot, job, incoming.person, incoming.optedOut)
          // Handled in batches: see quiet.ts.
          case "member":
          case "text":
          case "ignored":
            return Effect.succeed(silent(job))
        }
      }

      const acknowledge = (bot: Bot, job: UpdateJob) => {
        if (job.incoming.kind !== "tap" || job.acknowledged) return Effect.void
        job.acknowledged = true
        return answer(bot, job.incoming, texts.tapPlan)
      }

      return Handlers.of({ handle, acknowledge })
    })
  )
}
