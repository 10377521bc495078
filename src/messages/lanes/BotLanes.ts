import type { Agenda, Sleeper } from "./Agenda.ts"
import { Chat } from "./Chat.ts"
import { Heap } from "./Heap.ts"
import { Pace } from "./Pace.ts"
import type { Places } from "./Places.ts"
import { Recent } from "./Recent.ts"
import { isBefore, type Trip, type Verdict } from "./Trip.ts"

/** What the lanes need to know of a bot. */
export interface BotPace {
  readonly id: number
  readonly active: boolean
  readonly messagesPerSecond: number
  readonly allowPaidBroadcast: boolean
  readonly paidMessagesPerSecond: number
}

/** What all bots share. */
export interface Shared {
  readonly agenda: Agenda
  readonly places: Places
  /** Trips whose wait is over, in this order. */
  readonly decided: Array<Trip>
}

const go: Verdict = { _tag: "Go" }

/** One bot: who waits, what holds them back, and who may go next. Pure; the time comes from outside, in ms. */
export class BotLanes implements Sleeper {
  heapIndex = -1
  wakeAt = 0
  underWay = 0
  bulkUnderWay = 0
  readonly id: number
  readonly #shared: Shared
  readonly #pace: Pace
  readonly #replies = new Heap<Trip>(isBefore)
  readonly #bulk = new Heap<Trip>(isBefore)
  readonly #chats = new Map<number | string, Chat>()
  /** The same chats in a row: the beginning of a map full of deleted entries takes 1 µs to find. */
  #oldest: Chat | undefined
  #youngest: Chat | undefined
  readonly #recent = new Recent()
  #settings: BotPace
  #pausedUntil = Number.NEGATIVE_INFINITY

  constructor(bot: BotPace, shared: Shared) {
    this.id = bot.id
    this.#shared = shared
    this.#settings = bot
    this.#pace = new Pace(bulkRate(bot))
  }

  configure(bot: BotPace, now: number): void {
    if (bot === this.#settings) return
    this.#settings = bot
    this.#pace.configure(bulkRate(bot))
    this.pump(now)
  }

  rate(now: number): number {
    return this.#pace.rate(now)
  }

  chat(id: number | string, now: number): Chat {
    const known = this.#chats.get(id)
    if (known !== undefined) return known
    this.#forgetOld(now)
    const chat = new Chat(this, id)
    this.#chats.set(id, chat)
    this.#rememberLast(chat)
    return chat
  }

  /** Its trip may stand behind others, or the chat may have had enough for this moment. */
  offerHead(chat: Chat, now: number): void {
    const trip = chat.head
    if (trip === undefined || trip.state !== "waiting") return
    const pausedUntil = Math.max(chat.pausedUntil, this.#pausedUntil)
    if (pausedUntil > trip.giveUpAt) return this.#tellTooLong(trip, pausedUntil - now)
    const at = chat.readyAt()
    if (at > now) return this.#shared.agenda.schedule(chat, at)
    trip.state = "queued"
    const lane = trip.isBulk ? this.#bulk : this.#replies
    if (trip.isBulk && lane.size === 0) this.#pace.begin(now)
    lane.push(trip)
    this.pump(now)
  }

  /** Lets go whoever may go now, and sees to it that the others are looked at in time. */
  pump(now: number): void {
    const { agenda, decided, places } = this.#shared
    const waiting = this.#replies.size + this.#bulk.size
    if (waiting === 0) return
    if (this.#pausedUntil > now) return agenda.schedule(this, this.#pausedUntil)
    while (this.#replies.size > 0) {
      if (!places.take(this, false)) return
      decided.push(this.#depart(this.#replies.pop() as Trip, now))
    }
    while (this.#bulk.size > 0 && this.#settings.active) {
      const at = this.#pace.readyAt(now)
      if (at > now) return agenda.schedule(this, at)
      if (!places.take(this, true)) return
      this.#pace.take(now)
      decided.push(this.#depart(this.#bulk.pop() as Trip, now))
    }
  }

  #depart(trip: Trip, now: number): Trip {
    trip.state = "flying"
    trip.verdict = go
    trip.leftAt = now
    trip.chatEmptyAt = trip.chat.emptyAt
    trip.chat.take(now)
    this.#recent.sent(now)
    return trip
  }

  /** The call under way has its answer. */
  landed(trip: Trip, succeeded: boolean, now: number): void {
    trip.chat.landed(trip.chatEmptyAt, now)
    if (succeeded) this.#recent.succeeded(trip, now)
    this.#rest(trip, now)
  }

  #rest(trip: Trip, now: number): void {
    trip.state = "resting"
    this.#shared.places.release(this, trip.isBulk, now)
  }

  /** Whatever it was doing, it ends. */
  end(trip: Trip, now: number): void {
    if (trip.state === "queued") this.#laneOf(trip).remove(trip)
    const wasHead = trip.chat.head === trip
    trip.chat.leave(trip)
    if (trip.state === "flying") this.#rest(trip, now)
    trip.state = "resting"
    if (wasHead) this.offerHead(trip.chat, now)
  }

  /** A more urgent trip has come to its chat: it goes first. */
  yieldTo(trip: Trip): void {
    const overtaken = trip.behind
    if (trip.chat.head === trip && overtaken?.state === "queued") this.#unqueue(overtaken)
  }

  #unqueue(trip: Trip): void {
    this.#laneOf(trip).remove(trip)
    trip.state = "waiting"
  }

  #laneOf(trip: Trip): Heap<Trip> {
    return trip.isBulk ? this.#bulk : this.#replies
  }

  /** A 429 on the call under way: answers what has to pause, and whether that is news. */
  limited(trip: Trip, seconds: number, now: number): { readonly scope: "bot" | "chat"; readonly isNews: boolean } {
    const until = now + seconds * 1000
    const { chat } = trip
    const scope = this.#recent.scopeOf(trip, now)
    this.#recent.limited(chat, now)
    if (scope === "chat") {
      const isNews = chat.pausedUntil <= now
      chat.pause(until)
      const head = chat.head
      if (head?.state === "queued") this.#unqueue(head)
      this.offerHead(chat, now)
      return { scope, isNews }
    }
    const isNews = this.#pausedUntil <= now
    this.#pausedUntil = Math.max(this.#pausedUntil, until)
    if (trip.isBulk) this.#pace.slowDown(now, trip.leftAt, this.#pausedUntil)
    for (const lane of [this.#replies, this.#bulk]) {
      for (const waiting of lane.items().filter((one) => this.#pausedUntil > one.giveUpAt)) {
        lane.remove(waiting)
        this.#tellTooLong(waiting, this.#pausedUntil - now)
      }
    }
    return { scope, isNews }
  }

  /** Its bulk leaves nothing for a moment: the bot itself was refused. */
  restBulk(until: number): void {
    this.#pace.rest(until)
  }

  /** The bot is gone for good, and with it what waits for it. */
  dismiss(): void {
    for (const chat of this.#chats.values()) {
      for (let trip = chat.head; trip !== undefined; trip = trip.behind) {
        if (trip.state === "queued") this.#unqueue(trip)
        if (trip.state === "waiting") this.#tell(trip, { _tag: "Dismissed" })
      }
    }
  }

  #tellTooLong(trip: Trip, ms: number): void {
    this.#tell(trip, { _tag: "TooLong", seconds: Math.ceil(ms / 1000) })
  }

  #tell(trip: Trip, verdict: Verdict): void {
    trip.state = "resting"
    trip.verdict = verdict
    this.#shared.decided.push(trip)
  }

  wake(now: number): void {
    this.pump(now)
  }

  /** Two of the oldest for every new one: what is remembered stays in proportion to what happens. */
  #forgetOld(now: number): void {
    for (let looked = 0; looked < 2; looked++) {
      const chat = this.#oldest
      if (chat === undefined) return
      this.#oldest = chat.younger
      // A forgotten one that still named the next would keep the whole row in memory until a full collection.
      chat.younger = undefined
      if (chat.isForgettable(now)) this.#chats.delete(chat.id)
      else this.#rememberLast(chat)
    }
  }

  #rememberLast(chat: Chat): void {
    if (this.#oldest === undefined) this.#oldest = chat
    else if (this.#youngest !== undefined) this.#youngest.younger = chat
    this.#youngest = chat
  }

  get chatsRemembered(): number {
    return this.#chats.size
  }
}

const bulkRate = (bot: BotPace): number => (bot.allowPaidBroadcast ? bot.paidMessagesPerSecond : bot.messagesPerSecond)
