import { Effect, Option } from "effect"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import { TelegramClient } from "../../telegram/TelegramClient.ts"
import type { Tap } from "./tap.ts"

/** answerCallbackQuery: takes the spinner off the button. Too late or already answered is no failure. */
export const makeAnswer = Effect.gen(function* () {
  const telegram = yield* TelegramClient

  return Effect.fn("Tap.answer")(function* (bot: Bot, tap: Tap, text?: string, alert = false) {
    if (Option.isNone(bot.token)) return
    yield* telegram
      .call(bot.token.value, "answerCallbackQuery", {
        callback_query_id: tap.callbackId,
        ...(text === undefined ? {} : { text, show_alert: alert })
      })
      .pipe(
        Effect.catchTag("TelegramError", (error) =>
          error.reason._tag === "StaleQuery"
            ? Effect.void
            : Log.recovered(`O clique de ${tap.person.telegramId} ficou sem resposta`, error)
        )
      )
  })
})
