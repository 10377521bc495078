/** So long after the last news a table is looked at often, and rarely after that. */
const idleAfterMs = 60_000

/**
 * How often to look for work that nobody told this process of: rows whose time has come, or that a dead process left
 * behind. What is told, and almost everything is, waits for none of this.
 */
export class PollPace {
  readonly #busyMs: number
  readonly #idleMs: number
  #busyUntil: number

  constructor(busyMs: number, idleMs: number) {
    this.#busyMs = busyMs
    this.#idleMs = idleMs
    this.#busyUntil = performance.now() + idleAfterMs
  }

  /** There was work, or there will be some in so long. */
  news(inMs = 0): void {
    this.#busyUntil = Math.max(this.#busyUntil, performance.now() + inMs + idleAfterMs)
  }

  get waitMs(): number {
    return performance.now() < this.#busyUntil ? this.#busyMs : this.#idleMs
  }
}
