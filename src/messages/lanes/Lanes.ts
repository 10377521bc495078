import { Agenda } from "./Agenda.ts"
import { BotLanes, type BotPace } from "./BotLanes.ts"
import type { Lane } from "./lane.ts"
import { Places } from "./Places.ts"
import { Trip } from "./Trip.ts"

/**
 * Who may send to Telegram when: the whole state of all bots' lanes and nothing else. No effects and no clock: the
 * caller says what time it is (ms that never go back), calls `wake` at `nextAt`, and tells everybody in `decided`.
 */
export class Lanes {
  readonly #agenda = new Agenda()
  readonly #places: Places
  readonly #bots = new Map<number, BotLanes>()
  readonly #decided: Array<Trip> = []
  #sequence = 0

  /** `connections`: how many calls Telegram can be given at once. */
  constructor(connections: number) {
    this.#places = new Places(connections)
  }

  /** A `send` begins; it then stands in its chat's order until `end`, also between its calls. */
  begin(bot: BotPace, chatId: number | string, lane: Lane, now: number): Trip {
    const lanes = this.#lanesOf(bot, now)
    const trip = new Trip(lanes, lanes.chat(chatId, now), lane, this.#sequence++)
    trip.chat.enter(trip)
    lanes.yieldTo(trip)
    return trip
  }

  /** Wants to make a call, and is told by its `verdict`, at once or later. No pause beyond `giveUpAt` is waited for. */
  ask(trip: Trip, giveUpAt: number, now: number): void {
    trip.verdict = undefined
    trip.state = "waiting"
    trip.giveUpAt = giveUpAt
    if (trip.chat.head === trip) trip.bot.offerHead(trip.chat, now)
  }

  /** The call has its answer. */
  landed(trip: Trip, succeeded: boolean, now: number): void {
    trip.bot.landed(trip, succeeded, now)
  }

  /** The answer is a 429; to be told before `landed`, which lets others go. */
  limited(trip: Trip, seconds: number, now: number) {
    return trip.bot.limited(trip, seconds, now)
  }

  end(trip: Trip, now: number): void {
    trip.bot.end(trip, now)
  }

  /** The bot's settings may have changed: in force at once, for those who wait as well. */
  configure(bot: BotPace, now: number): void {
    this.#bots.get(bot.id)?.configure(bot, now)
  }

  /** The bot is gone for good. */
  dismiss(botId: number): void {
    this.#bots.get(botId)?.dismiss()
    this.#bots.delete(botId)
  }

  nextAt(): number | undefined {
    return this.#agenda.nextAt()
  }

  wake(now: number): void {
    this.#agenda.wake(now)
  }

  /** Whose wait is over, the earliest first; each is handed out once. */
  nextDecided(): Trip | undefined {
    return this.#decided.shift()
  }

  #lanesOf(bot: BotPace, now: number): BotLanes {
    const known = this.#bots.get(bot.id)
    if (known !== undefined) {
      known.configure(bot, now)
      return known
    }
    const made = new BotLanes(bot, { agenda: this.#agenda, places: this.#places, decided: this.#decided })
    this.#bots.set(bot.id, made)
    return made
  }
}
