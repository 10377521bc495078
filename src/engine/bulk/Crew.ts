import { Effect, Latch } from "effect"
import type { Bot } from "../../domain/bot.ts"
import type { Flight } from "./flying.ts"

/** Of each bot's rate, so many seconds are in memory at most. */
const windowSeconds = 4
const smallestWindow = 20

/** Which rows are under way in this process, and whether a bot has room for more. */
export class Crew {
  readonly #flights = new Map<number, Flight>()
  readonly #count = new Map<number, number>()
  readonly #restUntil = new Map<number, number>()
  readonly #full = new Set<number>()
  readonly #tellRoom: () => void
  readonly #empty = Latch.makeUnsafe(true)

  constructor(tellRoom: () => void) {
    this.#tellRoom = tellRoom
  }

  has(id: number): boolean {
    return this.#flights.has(id)
  }

  windowOf(bot: Bot): number {
    const rate = bot.allowPaidBroadcast ? bot.paidMessagesPerSecond : bot.messagesPerSecond
    return Math.max(smallestWindow, Math.ceil(rate * windowSeconds))
  }

  /** Half of the window is free, so that the database is not asked for every single row. */
  hasRoom(bot: Bot): boolean {
    if ((this.#restUntil.get(bot.id) ?? 0) > performance.now()) return false
    return (this.#count.get(bot.id) ?? 0) * 2 <= this.windowOf(bot)
  }

  enter(bot: Bot, id: number, flight: Flight): void {
    this.#flights.set(id, flight)
    this.#count.set(bot.id, (this.#count.get(bot.id) ?? 0) + 1)
    this.#empty.closeUnsafe()
    if (!this.hasRoom(bot)) this.#full.add(bot.id)
  }

  leave(bot: Bot, id: number): void {
    this.#flights.delete(id)
    const left = (this.#count.get(bot.id) ?? 1) - 1
    if (left > 0) this.#count.set(bot.id, left)
    else this.#count.delete(bot.id)
    if (this.#flights.size === 0) this.#empty.openUnsafe()
    if (this.#full.has(bot.id) && this.hasRoom(bot)) {
      this.#full.delete(bot.id)
      this.#tellRoom()
    }
  }

  /** The whole bot has to wait: its other messages would meet the same. */
  rest(botId: number, ms: number): void {
    this.#restUntil.set(botId, Math.max(this.#restUntil.get(botId) ?? 0, performance.now() + ms))
  }

  /** Calls back all that have not left. */
  recall(): void {
    for (const flight of this.#flights.values()) if (!flight.departed) flight.fiber?.interruptUnsafe()
  }

  /** Returns when nobody is under way. */
  readonly empty: Effect.Effect<void> = Effect.suspend(() => this.#empty.await)
}
