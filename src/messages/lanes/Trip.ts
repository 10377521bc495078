import type { BotLanes } from "./BotLanes.ts"
import type { Chat } from "./Chat.ts"
import type { Heaped } from "./Heap.ts"
import { type Lane, rankOf } from "./lane.ts"

/** What became of the wish to make a call: go, not before so many seconds have passed, or never. */
export type Verdict =
  | { readonly _tag: "Go" }
  | { readonly _tag: "TooLong"; readonly seconds: number }
  | { readonly _tag: "Dismissed" }

/** One `send` on its way through the lanes, call after call. It makes at most one call at a time. */
export class Trip implements Heaped {
  heapIndex = -1
  readonly bot: BotLanes
  readonly chat: Chat
  readonly lane: Lane
  readonly rank: number
  /** Order of arrival, kept for all its calls: a call that comes back stands in front of all that came later. */
  readonly sequence: number
  /** The next one in the same chat. */
  behind: Trip | undefined
  /**
   * `resting` between its calls, `waiting` for its chat, `queued` in its bot's lane, `flying` since it may go.
   */
  state: "resting" | "waiting" | "queued" | "flying" = "resting"
  /** A pause that ends later than this is not waited for. */
  giveUpAt = Number.POSITIVE_INFINITY
  verdict: Verdict | undefined
  /** Told as soon as there is a verdict; absent when nobody waits yet. */
  resume: (() => void) | undefined
  leftAt = 0
  /** The chat's bucket as the call under way found it. */
  chatEmptyAt = 0

  constructor(bot: BotLanes, chat: Chat, lane: Lane, sequence: number) {
    this.bot = bot
    this.chat = chat
    this.lane = lane
    this.rank = rankOf[lane]
    this.sequence = sequence
  }

  get isBulk(): boolean {
    return this.rank > 0
  }
}

/** Within one bot: the more urgent lane first, in a lane the earlier arrival. */
export const isBefore = (a: Trip, b: Trip): boolean => a.rank < b.rank || (a.rank === b.rank && a.sequence < b.sequence)
