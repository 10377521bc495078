import { Effect } from "effect"
import * as Log from "../../log/Log.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"

/**
 * Sending failed because the person is gone (blocked the bot, deleted the account): that is an outcome, not a fault.
 * A refusal that repeating cannot heal is one too: it is logged, and the update is done.
 */
export const goneAsBlocked =
  (telegramId: number) =>
  <R>(send: Effect.Effect<boolean, TelegramError, R>): Effect.Effect<boolean, TelegramError, R> =>
    Effect.catchTag(send, "TelegramError", (error) => {
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
      }).pipe(Effect.as(reason._tag === "Gone"))
    })
