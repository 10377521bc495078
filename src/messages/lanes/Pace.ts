/**
 * The pace of one bot's bulk: a token bucket that spaces messages evenly. A moment that was missed because the process
 * was busy is made up for, up to `catchUpMs`; an idle bot saves nothing. So in any window of W ms at most
 * rate × (W + catchUpMs) / 1000 + 1 messages leave.
 */
export const catchUpMs = 200

// A 429 on bulk says that Telegram takes less than we thought: a fifth less from then on, and the whole rate back by
// and by over five minutes (29/s: 0.1/s every second), so that a bot at its real limit meets about one 429 a minute.
export const slowDownFactor = 0.8
export const recoveryMs = 300_000
export const slowestPerSecond = 1

export class Pace {
  #perSecond: number
  /** What is left of the configured rate at `#learntAt`; it grows from there. */
  #fraction = 1
  #learntAt = 0
  /** When the latest message was due to leave. */
  #last = Number.NEGATIVE_INFINITY
  #restUntil = Number.NEGATIVE_INFINITY

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** In force at once: the next message is due by the new rate. */
  configure(perSecond: number): void {
    this.#perSecond = perSecond
  }

  /** Messages per second now: what is configured, or what Telegram's 429s have taught. */
  rate(now: number): number {
    const fraction = Math.min(1, this.#fraction + Math.max(0, now - this.#learntAt) / recoveryMs)
    return Math.max(slowestPerSecond, this.#perSecond * fraction)
  }

  readyAt(now: number): number {
    return Math.max(this.#restUntil, this.#last + 1000 / this.rate(now) - catchUpMs)
  }

  take(now: number): void {
    this.#last = Math.max(this.#last + 1000 / this.rate(now), now)
  }

  /** Nobody was waiting until now: what was not used meanwhile is not made up for. */
  begin(now: number): void {
    this.#last = Math.max(this.#last, now + catchUpMs - 1000 / this.rate(now))
  }

  rest(until: number): void {
    this.#restUntil = Math.max(this.#restUntil, until)
  }

  /** A 429 on a message that left at `sentAt`, obeyed until `until`; the many of one moment count as one. */
  slowDown(now: number, sentAt: number, until: number): void {
    if (sentAt < this.#learntAt) return
    this.#fraction = Math.max(slowestPerSecond, this.rate(now) * slowDownFactor) / this.#perSecond
    this.#learntAt = until
  }
}
