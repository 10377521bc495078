import { Context, Effect, Layer } from "effect"
import type { Bot } from "../domain/bot.ts"
import type { CheckoutError } from "../payments/Checkout.ts"
import type { Recording } from "../repo/RecordingsRepo.ts"
import type { TelegramError } from "../telegram/TelegramError.ts"
import type { SqlError } from "effect/sql/SqlError"
import { makeStart } from "./handlers/start.ts"
import { makeTap } from "./handlers/tap.ts"
import { silent, type UpdateJob } from "./job.ts"

export type HandlerError = TelegramError | SqlError | CheckoutError

/** From an update to its answer. A failure means: nothing is recorded, the update will be handled again. */
export class Handlers extends Context.Service<
  Handlers,
  { readonly handle: (bot: Bot, job: UpdateJob) => Effect.Effect<Recording, HandlerError> }
>()("funil/engine/Handlers") {
  static readonly layer = Layer.effect(
    Handlers,
    Effect.gen(function* () {
      const start = yield* makeStart
      const tap = yield* makeTap

      const handle = (bot: Bot, job: UpdateJob): Effect.Effect<Recording, HandlerError> => {
        const { incoming } = job
        switch (incoming.kind) {
          case "start":
            return start(bot, job, incoming)
          case "tap":
            return tap(bot, job, incoming)
          // Handled in batches: see quiet.ts.
          case "member":
          case "text":
          case "ignored":
            return Effect.succeed(silent(job))
        }
      }

      return Handlers.of({ handle })
    })
  )
}
