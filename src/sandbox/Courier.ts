import { Agent } from "undici"
import type { Timers } from "./Timers.ts"
import { Watch } from "./Watch.ts"

/** One attempt of a gateway's stand-in to tell a seller of a charge. Times are monotonic milliseconds. */
export interface Delivery {
  readonly chargeId: string
  readonly status: string
  readonly url: string
  /** The body as it was sent. */
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly attempt: number
  /** Undefined when there was no answer; then `error` tells why. */
  readonly answered: number | undefined
  readonly error: string | undefined
  readonly startedAt: number
  readonly endedAt: number
}

export interface Message {
  readonly chargeId: string
  readonly status: string
  readonly url: string
  readonly body: string
  /** Made anew for each attempt: some gateways date and number them. */
  readonly headers: () => Readonly<Record<string, string>>
}

export interface CourierSettings {
  /** How often each webhook is sent, and whether the copies go at the same time. */
  readonly webhookCopies: number
  readonly webhookParallel: boolean
  readonly webhookDelayMs: number
  /** Webhooks are neither sent nor tried again. */
  readonly dropWebhooks: boolean
  /** Webhooks wait until `release` lets them go, in any order. */
  readonly holdWebhooks: boolean
  readonly webhookTimeoutMs: number
  /** What the waits between attempts are multiplied by. */
  readonly timeScale: number
  /** Keep deliveries. */
  readonly record: boolean
}

/** Carries webhooks to sellers, on time or not, once or more often. */
export class Courier {
  readonly deliveries: Array<Delivery> = []
  readonly watch = new Watch<Delivery>()
  readonly #settings: CourierSettings
  readonly #timers: Timers
  readonly #waitMs: ReadonlyArray<number>
  readonly #agent = new Agent({ keepAliveTimeout: 60_000 })
  #held: Array<Message> = []
  #closed = false

  /** `waitMs`: the waits between attempts, of which there is one more. */
  constructor(settings: CourierSettings, timers: Timers, waitMs: ReadonlyArray<number>) {
    this.#settings = settings
    this.#timers = timers
    this.#waitMs = waitMs
  }

  /** Resolves when the first attempt of every copy is over. */
  async bring(message: Message): Promise<void> {
    const { dropWebhooks, holdWebhooks, webhookDelayMs } = this.#settings
    if (dropWebhooks) return
    if (holdWebhooks) return void this.#held.push(message)
    if (webhookDelayMs === 0) return this.send(message)
    this.#timers.after(webhookDelayMs, () => void this.send(message))
  }

  /** The same, whatever the options say of dropping and holding. */
  async send(message: Message): Promise<void> {
    const copies = Array.from({ length: this.#settings.webhookCopies })
    if (this.#settings.webhookParallel) {
      await Promise.all(copies.map(() => this.#attempt(message, 1)))
      return
    }
    for (const _ of copies) await this.#attempt(message, 1)
  }

  /** Lets go of the webhooks held back, the last first when `reverse` is given. */
  async release(reverse: boolean): Promise<void> {
    const held = reverse ? this.#held.toReversed() : this.#held
    this.#held = []
    for (const message of held) await this.send(message)
  }

  close(): void {
    this.#closed = true
    void this.#agent.destroy()
  }

  async #attempt(message: Message, attempt: number): Promise<void> {
    const startedAt = performance.now()
    const headers = message.headers()
    const { answered, error } = await this.#post(message, headers)
    if (this.#closed) return
    const { chargeId, status, url, body } = message
    const endedAt = performance.now()
    const delivery = { chargeId, status, url, body, headers, attempt, answered, error, startedAt, endedAt }
    if (this.#settings.record) this.deliveries.push(delivery)
    this.watch.emit(delivery)
    const done = answered !== undefined && answered >= 200 && answered <= 299
    const wait = this.#waitMs[attempt - 1]
    if (done || wait === undefined) return
    this.#timers.after(wait * this.#settings.timeScale, () => void this.#attempt(message, attempt + 1))
  }

  async #post({ url, body }: Message, headers: Readonly<Record<string, string>>) {
    try {
      const target = new URL(url)
      const answer = await this.#agent.request({
        origin: target.origin,
        path: target.pathname + target.search,
        method: "POST",
        headers,
        body,
        signal: AbortSignal.timeout(this.#settings.webhookTimeoutMs)
      })
      await answer.body.dump()
      return { answered: answer.statusCode, error: undefined }
    } catch (error) {
      const late = (error as Error).name === "TimeoutError"
      const text = `cURL error 28: Connection timeout after ${this.#settings.webhookTimeoutMs} ms`
      return { answered: undefined, error: late ? text : "cURL error 7: Failed to connect" }
    }
  }
}
