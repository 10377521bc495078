import type { Chat } from "./Chat.ts"
import type { Trip } from "./Trip.ts"

// A bot that sends less than half of Telegram's 30/s cannot have met the limit of the bot.
const quietPerSecond = 15
const othersWindowMs = 1_000
const otherLimitedWindowMs = 10_000

/**
 * What a bot has lately been through, as far as it tells whose limit a 429 is. Telegram does not say. It is the chat's
 * when this chat had more than about one message a second just now, no other chat of the bot was limited lately, and
 * either others still get through or the bot as a whole is quiet; else the bot's. A wrong guess for the chat costs one
 * more 429, of another chat, and then the whole bot pauses.
 */
export class Recent {
  #busyUntil = Number.NEGATIVE_INFINITY
  #okChat: Chat | undefined
  #okAt = Number.NEGATIVE_INFINITY
  /** The latest success in a chat other than `#okChat`. */
  #otherOkAt = Number.NEGATIVE_INFINITY
  #limitedChat: Chat | undefined
  #limitedAt = Number.NEGATIVE_INFINITY

  sent(now: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, now) + 1000 / quietPerSecond
  }

  succeeded(chat: Chat, now: number): void {
    if (this.#okChat !== chat) {
      this.#otherOkAt = this.#okAt
      this.#okChat = chat
    }
    this.#okAt = now
  }

  limited(chat: Chat, now: number): void {
    this.#limitedChat = chat
    this.#limitedAt = now
  }

  scopeOf(trip: Trip, now: number): "bot" | "chat" {
    const { chat } = trip
    if (!chat.wasBusyFor(trip)) return "bot"
    const otherLimited = this.#limitedChat !== chat && now - this.#limitedAt < otherLimitedWindowMs
    if (otherLimited) return "bot"
    const otherOkAt = this.#okChat === chat ? this.#otherOkAt : this.#okAt
    const quiet = this.#busyUntil - now < 1000
    return quiet || now - otherOkAt < othersWindowMs ? "chat" : "bot"
  }
}
