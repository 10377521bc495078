import type { BotLanes } from "./BotLanes.ts"
import type { Sleeper } from "./Agenda.ts"
import type { Trip } from "./Trip.ts"

// Telegram: about one message a second in one chat, short bursts allowed; 20 a minute in a group.
const privateStepMs = 1_000
const groupStepMs = 3_000
/** How many messages may follow each other at once: a message of several blocks leaves without a pause. */
export const chatBurst = 3

/** One chat of one bot: its own pace, and the order of what is sent there. */
export class Chat implements Sleeper {
  heapIndex = -1
  wakeAt = 0
  readonly id: number | string
  readonly #bot: BotLanes
  readonly #stepMs: number
  /** When its bucket will be empty. */
  #emptyAt = Number.NEGATIVE_INFINITY
  #pausedUntil = Number.NEGATIVE_INFINITY
  /** Whoever stands here may send, the others wait behind it: replies first, else in order of arrival. */
  head: Trip | undefined
  /** The next one to be looked at when it is asked which chats can be forgotten. */
  younger: Chat | undefined

  constructor(bot: BotLanes, id: number | string) {
    this.#bot = bot
    this.id = id
    this.#stepMs = isGroup(id) ? groupStepMs : privateStepMs
  }

  get pausedUntil(): number {
    return this.#pausedUntil
  }

  readyAt(): number {
    return Math.max(this.#pausedUntil, this.#emptyAt - (chatBurst - 1) * this.#stepMs)
  }

  take(now: number): void {
    this.#emptyAt = Math.max(this.#emptyAt, now) + this.#stepMs
  }

  /** A call that found the bucket as `emptyAt` has just been answered: Telegram counts from when it got there. */
  landed(emptyAt: number, now: number): void {
    this.#emptyAt = Math.max(this.#emptyAt, Math.max(emptyAt, now) + this.#stepMs)
  }

  get emptyAt(): number {
    return this.#emptyAt
  }

  pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until)
  }

  /** When this call left, the chat had just had another one: together more than about one a second. */
  wasBusyFor(trip: Trip): boolean {
    return trip.chatEmptyAt - trip.leftAt > this.#stepMs / 2
  }

  /** Nothing of it needs to be remembered. */
  isForgettable(now: number): boolean {
    return this.head === undefined && this.#emptyAt <= now && this.#pausedUntil <= now
  }

  enter(trip: Trip): void {
    const head = this.head
    if (head === undefined || trip.rank < head.rank) {
      trip.behind = head
      this.head = trip
      return
    }
    let before = head
    while (before.behind !== undefined && before.behind.rank <= trip.rank) before = before.behind
    trip.behind = before.behind
    before.behind = trip
  }

  leave(trip: Trip): void {
    if (this.head === trip) {
      this.head = trip.behind
    } else {
      let before = this.head
      while (before !== undefined && before.behind !== trip) before = before.behind
      if (before !== undefined) before.behind = trip.behind
    }
    trip.behind = undefined
  }

  wake(now: number): void {
    this.#bot.offerHead(this, now)
  }
}

const isGroup = (id: number | string): boolean => (typeof id === "number" ? id < 0 : true)
