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
 * more 429, of another chat, and then the whole bot pauses. It is also the chat's when the chat limited last is limited
 * again, although calls to others that left meanwhile got through: it alone must not stop the bot over and over.
 */
export class Recent {
  #busyUntil = Number.NEGATIVE_INFINITY
  #okChat: Chat | undefined
  #okAt = Number.NEGATIVE_INFINITY
  /** The latest success in a chat other than `#okChat`. */
  #otherOkAt = Number.NEGATIVE_INFINITY
  /** By its id: one that was quiet for a while is forgotten and made anew. */
  #limitedChat: Chat["id"] | undefined
  #limitedAt = Number.NEGATIVE_INFINITY
  #othersGotThrough = false

  sent(now: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, now) + 1000 / quietPerSecond
  }

  succeeded({ chat, leftAt }: Trip, now: number): void {
    if (chat.id !== this.#limitedChat && leftAt > this.#limitedAt) this.#othersGotThrough = true
    if (this.#okChat !== chat) {
      this.#otherOkAt = this.#okAt
      this.#okChat = chat
    }
    this.#okAt = now
  }

  limited(chat: Chat, now: number): void {
    this.#limitedChat = chat.id
    this.#limitedAt = now
    this.#othersGotThrough = false
  }

  scopeOf(trip: Trip, now: number): "bot" | "chat" {
    const { chat } = trip
    if (this.#limitedChat === chat.id && this.#othersGotThrough) return "chat"
    if (!chat.wasBusyFor(trip)) return "bot"
    const otherLimited = this.#limitedChat !== chat.id && now - this.#limitedAt < otherLimitedWindowMs
    if (otherLimited) return "bot"
    const otherOkAt = this.#okChat === chat ? this.#otherOkAt : this.#okAt
    const quiet = this.#busyUntil - now < 1000
    return quiet || now - otherOkAt < othersWindowMs ? "chat" : "bot"
  }
}
