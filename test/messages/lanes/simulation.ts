import type { BotPace } from "../../../src/messages/lanes/BotLanes.ts"
import type { Lane } from "../../../src/messages/lanes/lane.ts"
import { Lanes } from "../../../src/messages/lanes/Lanes.ts"
import type { Trip } from "../../../src/messages/lanes/Trip.ts"

/** A `send` that somebody will ask for. */
export interface Planned {
  readonly at: number
  readonly bot: number
  readonly chat: number
  readonly lane: Lane
  readonly blocks: number
}

export interface Departure {
  readonly at: number
  readonly bot: number
  readonly chat: number
  readonly lane: Lane
  /** Which of the plan, and which of its blocks; the first one is 0. */
  readonly send: number
  readonly block: number
  /** How many calls have left before it, over all. */
  readonly index: number
}

export interface Pause {
  readonly scope: "bot" | "chat"
  readonly from: number
  readonly until: number
  readonly departure: Departure
}

/** Of which `shareOut` gives the lanes 60, bulk 45 of them, and keeps 12 for first calls. */
export const connections = 64

export type Answer = "ok" | "failed" | { readonly retryAfter: number }

export interface World {
  readonly bots: ReadonlyArray<BotPace>
  readonly plan: ReadonlyArray<Planned>
  readonly latency: (departure: Departure) => number
  /** What Telegram says; `arrivedAt` lies half-way between departure and answer. */
  readonly answer: (departure: Departure, arrivedAt: number) => Answer
  /** How much too late a wake-up comes. */
  readonly lateness?: (index: number) => number
}

export interface History {
  readonly departures: ReadonlyArray<Departure>
  readonly pauses: ReadonlyArray<Pause>
  /** `send/block` of every confirmed call, in order. */
  readonly confirmed: ReadonlyArray<string>
  readonly unfinished: number
  readonly mostUnderWay: number
  readonly endedAt: ReadonlyMap<number, number>
}

interface Event {
  readonly at: number
  readonly run: (now: number) => void
}

export const bot = (id: number, perSecond = 29, more: Partial<BotPace> = {}): BotPace => ({
  id,
  active: true,
  messagesPerSecond: perSecond,
  allowPaidBroadcast: false,
  paidMessagesPerSecond: 950,
  ...more
})

/** Lets the plan happen on the lanes, call by call, without any real time. */
export const simulate = ({ answer, bots, latency, lateness, plan }: World): History => {
  const lanes = new Lanes(connections)
  const events: Array<Event> = []
  const departures: Array<Departure> = []
  const pauses: Array<Pause> = []
  const confirmed: Array<string> = []
  const endedAt = new Map<number, number>()
  const sends = new Map<Trip, { readonly send: number; block: number }>()
  let unfinished = plan.length
  let underWay = 0
  let mostUnderWay = 0
  let wakes = 0

  const later = (at: number, run: Event["run"]) => {
    let index = events.length
    while (index > 0 && events[index - 1]!.at > at) index -= 1
    events.splice(index, 0, { at, run })
  }

  const ask = (trip: Trip, now: number) => lanes.ask(trip, Number.POSITIVE_INFINITY, now)

  const land = (trip: Trip, departure: Departure, now: number) => {
    underWay -= 1
    const said = answer(departure, (departure.at + now) / 2)
    const progress = sends.get(trip)!
    if (typeof said === "object") {
      const { scope } = lanes.limited(trip, said.retryAfter, now)
      pauses.push({ scope, from: now, until: now + said.retryAfter * 1000, departure })
      lanes.landed(trip, false, now)
      ask(trip, now)
    } else {
      lanes.landed(trip, said === "ok", now)
      if (said === "ok") confirmed.push(`${progress.send}/${progress.block}`)
      progress.block += 1
      if (progress.block < plan[progress.send]!.blocks) ask(trip, now)
      else {
        lanes.end(trip, now)
        endedAt.set(progress.send, now)
        unfinished -= 1
      }
    }
  }

  const depart = (now: number) => {
    for (let trip = lanes.nextDecided(); trip !== undefined; trip = lanes.nextDecided()) {
      const going = trip
      const { block, send } = sends.get(going)!
      const { bot: ofBot, chat, lane } = plan[send]!
      const departure = { at: now, bot: ofBot, chat, lane, send, block, index: departures.length }
      departures.push(departure)
      underWay += 1
      mostUnderWay = Math.max(mostUnderWay, underWay)
      later(now + latency(departure), (at) => land(going, departure, at))
    }
  }

  plan.forEach((planned, send) =>
    later(planned.at, (now) => {
      const trip = lanes.begin(bots[planned.bot]!, planned.chat, planned.lane, now)
      sends.set(trip, { send, block: 0 })
      ask(trip, now)
    })
  )

  for (let steps = 0; steps < 1_000_000; steps++) {
    const event = events[0]
    const wakeAt = lanes.nextAt()
    const lateBy = wakeAt === undefined ? 0 : (lateness?.(wakes) ?? 0)
    if (wakeAt !== undefined && (event === undefined || wakeAt + lateBy < event.at)) {
      wakes += 1
      lanes.wake(wakeAt + lateBy)
      depart(wakeAt + lateBy)
    } else if (event !== undefined) {
      events.shift()
      event.run(event.at)
      depart(event.at)
    } else {
      break
    }
  }
  return { departures, pauses, confirmed, unfinished, mostUnderWay, endedAt }
}

/** The most of these moments within any window of so many ms. */
export const mostWithin = (times: ReadonlyArray<number>, windowMs: number): number => {
  let most = 0
  let first = 0
  times.forEach((at, index) => {
    while (at - times[first]! >= windowMs) first += 1
    most = Math.max(most, index - first + 1)
  })
  return most
}
