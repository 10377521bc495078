import type { BotLanes } from "./BotLanes.ts"

/**
 * The connections to Telegram are shared by all bots. A few are left to calls that do not come through the lanes, a
 * quarter is out of reach for bulk, so a reply finds one however slowly Telegram answers, and a fifth is for bots that
 * have nothing under way: however many flood, a newcomer finds a place.
 */
export const shareOut = (connections: number) => {
  const all = connections - Math.max(4, connections >> 4)
  return { all, bulk: Math.floor(all * 0.75), firstCalls: Math.floor(all * 0.2) }
}

// Besides its first call, a bot may hold three times as many places as are free for such calls: of 60 places one bot
// has 36 when it is alone, two have 21 each, ten 5 each, and nobody has to know how many there are.
const share = 3

/** Calls under way at once, over all bots. Who finds no place waits for one: replies of every bot before any bulk. */
export class Places {
  readonly #of: ReturnType<typeof shareOut>
  #taken = 0
  #takenByBulk = 0
  readonly #repliesWaiting = new Set<BotLanes>()
  readonly #bulkWaiting = new Set<BotLanes>()

  constructor(connections: number) {
    this.#of = shareOut(connections)
  }

  /** Takes one, if this bot may have it now; else the bot is served when one is free. */
  take(bot: BotLanes, bulk: boolean): boolean {
    if (!this.#mayTake(bot, bulk)) {
      ;(bulk ? this.#bulkWaiting : this.#repliesWaiting).add(bot)
      return false
    }
    this.#taken += 1
    bot.underWay += 1
    if (bulk) {
      this.#takenByBulk += 1
      bot.bulkUnderWay += 1
    }
    return true
  }

  release(bot: BotLanes, bulk: boolean, now: number): void {
    this.#taken -= 1
    bot.underWay -= 1
    if (bulk) {
      this.#takenByBulk -= 1
      bot.bulkUnderWay -= 1
    }
    this.#serve(this.#repliesWaiting, false, now)
    this.#serve(this.#bulkWaiting, true, now)
  }

  #mayTake(bot: BotLanes, bulk: boolean): boolean {
    if (bulk && bot.bulkUnderWay >= share * (this.#of.bulk - this.#takenByBulk)) return false
    if (bot.underWay === 0) return this.#taken < this.#of.all
    return bot.underWay < share * (this.#of.all - this.#of.firstCalls - this.#taken)
  }

  /** Of those who may, whoever has least goes first; a bot that still finds no place puts itself back. */
  #serve(waiting: Set<BotLanes>, bulk: boolean, now: number): void {
    while (waiting.size > 0) {
      let next: BotLanes | undefined
      for (const bot of waiting) {
        if (this.#mayTake(bot, bulk) && (next === undefined || bot.underWay < next.underWay)) next = bot
      }
      if (next === undefined) return
      waiting.delete(next)
      next.pump(now)
    }
  }
}
