import { Effect } from "effect"
import * as Log from "../../log/Log.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"

/** How an answer ended, when it did. */
export type Answered = "sent" | "gone" | "refused"

/**
 * Sending failed because the person is gone (blocked the bot, deleted the account): that is an outcome, not a fault.
 * A refusal that repeating cannot heal is one too: it is logged, and the update is done.
 */
export const answeredBy =
  (telegramId: number) =>
  <A, R>(send: Effect.Effect<A, TelegramError, R>): Effect.Effect<Answered, TelegramError, R> =>
    Effect.catchTag(Effect.as(send, "sent" as const), "TelegramError", (error) => {
      const { reason } = error
      if (
        reason._tag !== "Gone" &&
        reason._tag !== "Rejected" &&
        reason._tag !== "BadFile" &&
        reason._tag !== "Ambiguous"
      ) {
        return Effect.fail(error)
      }
      return Log.failure(`Falha ao enviar mensagem para o usuário ${telegramId}`, error, {
        event_name: "send_failed"
      }).pipe(Effect.as<Answered>(reason._tag === "Gone" ? "gone" : "refused"))
    })
