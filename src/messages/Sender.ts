import { Clock, Context, Effect, Layer, Option } from "effect"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { BotUnusable } from "../telegram/reasons.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import { TelegramError } from "../telegram/TelegramError.ts"
import { plainText, type TelegramCall, withoutMedia } from "./compose.ts"

/** `reply` answers a person who waits, `downsell` and `shot` are bulk (design, section 3.5). */
export type Lane = "reply" | "downsell" | "shot"

export interface Sending {
  readonly bot: Bot
  readonly lane: Lane
  /** In their order, to one chat. */
  readonly calls: ReadonlyArray<TelegramCall>
  /** Calls already confirmed by an earlier run: they are not sent again. */
  readonly from?: number
  /** After each confirmed call: how many are confirmed now. Awaited before the next one leaves. */
  readonly onConfirmed?: (confirmed: number) => Effect.Effect<void>
}

export interface Sent {
  /** Message ids as Telegram gave them, of this run. */
  readonly messageIds: ReadonlyArray<number>
}

// A person who waits is worth a minute of patience; whatever takes longer goes back to where it came from.
const patienceMs = 60_000
const reconnectDelaysMs = [300, 1_000, 3_000]

/**
 * Sends composed messages and knows what to do with each answer of Telegram (facts/telegram, section 3): waits out a
 * 429, falls back to plain text once, repeats a reply whose outcome is unknown at most once and bulk never.
 */
export class Sender extends Context.Service<
  Sender,
  { readonly send: (sending: Sending) => Effect.Effect<Sent, TelegramError> }
>()("funil/messages/Sender") {
  static readonly layer = Layer.effect(
    Sender,
    Effect.gen(function* () {
      const telegram = yield* TelegramClient
      const pausedUntil = new Map<number, number>()

      const attempt = Effect.fnUntraced(function* (bot: Bot, call: TelegramCall) {
        if (Option.isNone(bot.token)) return yield* withoutToken(bot, call.method)
        const wait = (pausedUntil.get(bot.id) ?? 0) - (yield* Clock.currentTimeMillis)
        if (wait > 0) yield* Effect.sleep(wait)
        return yield* telegram.call(bot.token.value, call.method, call.payload)
      })

      const deliver = Effect.fnUntraced(function* (sending: Sending, call: TelegramCall) {
        let current = call
        let waitedMs = 0
        let reconnects = 0
        let repeated = false
        let plain = false
        let fileTried = false
        while (true) {
          const result = yield* Effect.result(attempt(sending.bot, current))
          if (result._tag === "Success") return messageIdsOf(result.success)
          const { reason } = result.failure
          if (reason._tag === "NotModified") return []
          if (reason._tag === "RateLimited" && waitedMs + reason.retryAfterSeconds * 1000 <= patienceMs) {
            waitedMs += reason.retryAfterSeconds * 1000
            pausedUntil.set(sending.bot.id, (yield* Clock.currentTimeMillis) + reason.retryAfterSeconds * 1000)
          } else if (reason._tag === "Unreachable" && reconnects < reconnectDelaysMs.length) {
            yield* Effect.sleep(reconnectDelaysMs[reconnects++]!)
          } else if (reason._tag === "Ambiguous" && sending.lane === "reply" && !repeated) {
            repeated = true
          } else if (reason._tag === "BadEntities" && !plain) {
            plain = true
            current = plainText(current)
          } else if (reason._tag === "BadFile" && reason.remedy === "once" && !fileTried) {
            fileTried = true
          } else if (reason._tag === "BadFile") {
            yield* Log.recovered("Uma mídia foi recusada; a mensagem segue sem ela", result.failure, {
              slug: sending.bot.slug,
              event_name: "media_refused"
            })
            const words = withoutMedia(current)
            if (words === undefined) return []
            current = words
          } else {
            return yield* result.failure
          }
        }
      })

      const send = Effect.fn("Sender.send")(function* (sending: Sending) {
        const messageIds: Array<number> = []
        for (let index = sending.from ?? 0; index < sending.calls.length; index++) {
          messageIds.push(...(yield* deliver(sending, sending.calls[index]!)))
          if (sending.onConfirmed !== undefined) yield* sending.onConfirmed(index + 1)
        }
        return { messageIds }
      })

      return Sender.of({ send })
    })
  )
}

const withoutToken = (bot: Bot, method: string) =>
  new TelegramError({
    method,
    botId: bot.id,
    reason: new BotUnusable({ why: "unauthorized", description: "no token" })
  })

/** One message, an album of them, or `true`. */
const messageIdsOf = (result: unknown): ReadonlyArray<number> => {
  const messages = Array.isArray(result) ? result : [result]
  return messages.flatMap((message: { readonly message_id?: unknown } | null) =>
    typeof message === "object" && typeof message?.message_id === "number" ? [message.message_id] : []
  )
}
