import { Schema } from "effect"
import { TelegramReason } from "./reasons.ts"
import { sentenceOf } from "./sentences.ts"

/**
 * A Bot API call that did not work out. It holds neither payload nor token nor the error it was made from: grammY's
 * and undici's errors carry both.
 */
export class TelegramError extends Schema.TaggedError<TelegramError>()("TelegramError", {
  method: Schema.String,
  botId: Schema.Finite,
  reason: TelegramReason
}) {
  override get message(): string {
    return `O Telegram não atendeu ${this.method}: ${this.sentence}`
  }

  /** Why, in PT-BR and without a capital: fits behind a colon in a log line. */
  get sentence(): string {
    return sentenceOf(this.reason)
  }

  /** Telegram's own words, sanitised. */
  get description(): string {
    return this.reason.description
  }

  /** The very same call may be made again (after `retryAfterSeconds`, or to the new chat) without a double effect. */
  get retryable(): boolean {
    return this.reason.retryable
  }
}
