import { Agent } from "undici"
import type { Timers } from "../Timers.ts"
import { Watch } from "../Watch.ts"
import type { Charge } from "./Charge.ts"
import type { Settings } from "./Options.ts"

/** One attempt to tell a seller of a charge. Times are monotonic milliseconds. */
export interface Delivery {
  readonly chargeId: string
  readonly status: string
  readonly url: string
  /** The body as it was sent. */
  readonly body: string
  readonly attempt: number
  /** Undefined when there was no answer; then `error` tells why. */
  readonly answered: number | undefined
  readonly error: string | undefined
  readonly startedAt: number
  readonly endedAt: number
}

interface Message {
  readonly chargeId: string
  readonly status: string
  readonly url: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

const ATTEMPTS = 3
/** PushinPay does not publish the waits between its attempts. */
const WAIT_MS = [5000, 30_000]

/** Tells sellers of changes: three attempts of two seconds each, then only a resend by hand. */
export class Webhooks {
  readonly deliveries: Array<Delivery> = []
  readonly watch = new Watch<Delivery>()
  readonly #settings: Settings
  readonly #timers: Timers
  readonly #agent = new Agent({ keepAliveTimeout: 60_000 })
  #held: Array<Message> = []
  #closed = false

  constructor(settings: Settings, timers: Timers) {
    this.#settings = settings
    this.#timers = timers
  }

  /** Resolves when the first attempt of every copy is over. */
  async notify(charge: Charge): Promise<void> {
    const { dropWebhooks, holdWebhooks, webhookDelayMs } = this.#settings
    if (dropWebhooks || charge.webhookUrl === null) return
    const message = messageOf(charge, charge.webhookUrl, this.#settings)
    if (holdWebhooks) return void this.#held.push(message)
    if (webhookDelayMs === 0) return this.#send(message)
    this.#timers.after(webhookDelayMs, () => void this.#send(message))
  }

  /** Sends again what a seller asks for in the panel, whatever the options say of dropping and holding. */
  resend(charge: Charge): Promise<void> {
    if (charge.webhookUrl === null) return Promise.resolve()
    return this.#send(messageOf(charge, charge.webhookUrl, this.#settings))
  }

  /** Lets go of the webhooks held back, the last first when `reverse` is given. */
  async release(reverse: boolean): Promise<void> {
    const held = reverse ? this.#held.toReversed() : this.#held
    this.#held = []
    for (const message of held) await this.#send(message)
  }

  close(): void {
    this.#closed = true
    void this.#agent.destroy()
  }

  async #send(message: Message): Promise<void> {
    const copies = Array.from({ length: this.#settings.webhookCopies })
    if (this.#settings.webhookParallel) {
      await Promise.all(copies.map(() => this.#attempt(message, 1)))
      return
    }
    for (const _ of copies) await this.#attempt(message, 1)
  }

  async #attempt(message: Message, attempt: number): Promise<void> {
    const startedAt = performance.now()
    const { answered, error } = await this.#post(message)
    if (this.#closed) return
    const { chargeId, status, url, body } = message
    const delivery = { chargeId, status, url, body, attempt, answered, error, startedAt, endedAt: performance.now() }
    if (this.#settings.record) this.deliveries.push(delivery)
    this.watch.emit(delivery)
    const done = answered !== undefined && answered >= 200 && answered <= 299
    if (done || attempt === ATTEMPTS) return
    this.#timers.after(WAIT_MS[attempt - 1]! * this.#settings.timeScale, () => void this.#attempt(message, attempt + 1))
  }

  async #post({ url, body, headers }: Message) {
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

const messageOf = (charge: Charge, url: string, settings: Settings): Message => {
  const fields = {
    id: settings.webhookIdCase === "upper" ? charge.id.toUpperCase() : charge.id,
    status: charge.status,
    value: charge.valueCents,
    end_to_end_id: charge.endToEndId,
    payer_name: charge.payerName,
    payer_national_registration: charge.payerDocument
  }
  const json = settings.webhookFormat === "json"
  const headers: Record<string, string> = {
    "content-type": json ? "application/json" : "application/x-www-form-urlencoded"
  }
  if (settings.webhookToken !== null) headers["x-pushinpay-token"] = settings.webhookToken
  const body = json ? JSON.stringify(fields) : formOf(fields)
  return { chargeId: charge.id, status: charge.status, url, body, headers }
}

const formOf = (fields: Record<string, string | number | null>): string => {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null) form.append(name, String(value))
  }
  return form.toString()
}
