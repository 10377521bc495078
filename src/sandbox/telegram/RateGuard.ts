import type { Settings } from "./Options.ts"

/** Telegram's published limits; the exact ones are secret. */
export interface RateLimits {
  /** Bulk messages per second of one bot. */
  readonly botPerSecond: number
  /** How many may come at once before the rate counts. */
  readonly botBurst: number
  /** The same for calls that carry `allow_paid_broadcast`. */
  readonly paidPerSecond: number
  /** Messages and edits per second in one private chat, and the short burst it allows. */
  readonly chatPerSecond: number
  readonly chatBurst: number
  readonly groupPerMinute: number
}

const TELEGRAM: RateLimits = {
  botPerSecond: 30,
  botBurst: 30,
  paidPerSecond: 1000,
  chatPerSecond: 1,
  chatBurst: 3,
  groupPerMinute: 20
}

/** A leaky bucket: `due` is when it will be empty, `shutUntil` how long a refused caller has to stay away. */
interface Bucket {
  due: number
  shutUntil: number
}

/** Enforces the limits with `retry_after`; who comes back too early is refused again, as by Telegram. */
export class RateGuard {
  readonly #settings: Settings
  readonly #buckets = new Map<string, Bucket>()

  constructor(settings: Settings) {
    this.#settings = settings
  }

  /** Seconds to wait, or 0 when the call may pass. */
  waitOf(bot: number, method: string, chat: number | undefined, paid: boolean, now: number): number {
    if (this.#settings.rate === null) return 0
    const limits = { ...TELEGRAM, ...this.#settings.rate }
    const sends = /^(send(?!chataction)|copy|forward)/.test(method)
    if (!sends && !method.startsWith("edit")) return 0
    if (chat !== undefined) {
      const [rate, burst] =
        chat < 0 ? [limits.groupPerMinute / 60, limits.groupPerMinute] : [limits.chatPerSecond, limits.chatBurst]
      const wait = this.#take(`${bot}:${chat}`, rate, burst, now)
      if (wait > 0) return wait
    }
    if (!sends) return 0
    return paid
      ? this.#take(`${bot}:paid`, limits.paidPerSecond, limits.paidPerSecond, now)
      : this.#take(`${bot}`, limits.botPerSecond, limits.botBurst, now)
  }

  #take(key: string, perSecond: number, burst: number, now: number): number {
    if (this.#buckets.size > 50_000) this.#sweep(now)
    const step = 1000 / perSecond
    const bucket = this.#buckets.get(key) ?? { due: 0, shutUntil: 0 }
    this.#buckets.set(key, bucket)
    const start = Math.max(bucket.due, now)
    const early = Math.max(start + step - burst * step - now, bucket.shutUntil - now)
    // Half a millisecond: a caller exactly on the beat must not fail over the rounding of a clock.
    if (early <= 0.5) {
      bucket.due = start + step
      return 0
    }
    const seconds = Math.max(1, Math.ceil(early / 1000))
    bucket.shutUntil = Math.max(bucket.shutUntil, now + seconds * 1000)
    return seconds
  }

  #sweep(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (bucket.due < now && bucket.shutUntil < now) this.#buckets.delete(key)
    }
  }
}
