import type { BotState } from "./Bot.ts"
import { conflict, type Refusal } from "./Refusal.ts"
import type { Update } from "./wire.ts"

/** A method whose answer comes later; `start` answers how to give up when the caller went away. */
export class Later {
  readonly start: (answer: (result: unknown) => void) => () => void

  constructor(start: (answer: (result: unknown) => void) => () => void) {
    this.start = start
  }
}

export interface PollRequest {
  readonly offset: number
  readonly limit: number
  readonly timeoutSeconds: number
}

/** One getUpdates that waits. */
export class Poll {
  readonly #bot: BotState
  readonly #limit: number
  readonly #answer: (result: unknown) => void
  readonly #timer: NodeJS.Timeout

  constructor(bot: BotState, request: PollRequest, answer: (result: unknown) => void) {
    this.#bot = bot
    this.#limit = request.limit
    this.#answer = answer
    this.#timer = setTimeout(() => this.#end([]), request.timeoutSeconds * 1000)
  }

  flush(): void {
    this.#end(waiting(this.#bot, this.#limit))
  }

  /** Ends because somebody else took over, with the error that this caller gets. */
  terminate(refusal: Refusal): void {
    this.#end(refusal)
  }

  close(): void {
    clearTimeout(this.#timer)
    if (this.#bot.poll === this) this.#bot.poll = undefined
  }

  #end(result: unknown): void {
    this.close()
    this.#answer(result)
  }
}

/** getUpdates: confirms what lies before the offset, answers what waits, or waits for the next. */
export const poll = (bot: BotState, request: PollRequest): ReadonlyArray<Update> | Later => {
  if (bot.webhook !== undefined) {
    throw conflict("can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
  }
  bot.poll?.terminate(
    conflict("terminated by other getUpdates request; make sure that only one bot instance is running")
  )
  confirm(bot, request.offset)
  const ready = waiting(bot, request.limit)
  if (ready.length > 0 || request.timeoutSeconds === 0) return ready
  return new Later((answer) => {
    const waiter = new Poll(bot, request, answer)
    bot.poll = waiter
    return () => waiter.close()
  })
}

/** A negative offset counts from the end and forgets everything before. */
const confirm = (bot: BotState, offset: number): void => {
  const ids = [...bot.updates.keys()]
  const first = offset < 0 ? (ids.at(offset) ?? 0) : offset
  for (const id of ids) {
    if (id < first) bot.updates.delete(id)
  }
}

const waiting = (bot: BotState, limit: number): ReadonlyArray<Update> => {
  const found: Array<Update> = []
  for (const pending of bot.updates.values()) {
    if (found.length === limit) break
    found.push(pending.update)
  }
  return found
}
