import { Effect } from "effect"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import { Sender } from "../../messages/Sender.ts"
import type { TelegramCall } from "../../messages/telegramCall.ts"
import { type Payment, PaymentsRepo } from "../../repo/PaymentsRepo.ts"

/**
 * Puts other words under the codes that were sent for a charge. What cannot be edited any more (deleted, too old, the
 * bot blocked) stays as it is: the message says what is true without it too.
 */
export const makeRewrite = Effect.gen(function* () {
  const payments = yield* PaymentsRepo
  const sender = yield* Sender

  return Effect.fnUntraced(function* (bot: Bot, payment: Payment, words: TelegramCall) {
    for (const messageId of yield* payments.pixMessages(payment.id)) {
      const call = { ...words, method: "editMessageText", payload: { ...words.payload, message_id: messageId } }
      yield* sender.send({ bot, lane: "reply", calls: [call] }).pipe(
        Effect.asVoid,
        Effect.catchTag("TelegramError", (error) =>
          error.reason._tag === "Rejected" || error.reason._tag === "Gone"
            ? Effect.void
            : Log.recovered(`A mensagem do PIX de ${payment.telegramId} não pôde ser atualizada`, error, {
                payment_id: payment.id
              })
        )
      )
    }
  })
})
