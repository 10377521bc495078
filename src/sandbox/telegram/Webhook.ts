import { Pool } from "undici"
import type { BotState, WebhookConfig } from "./Bot.ts"
import type { PendingUpdate } from "./updates.ts"
import type { World } from "./World.ts"

/** One attempt to hand an update to a webhook. Times are monotonic milliseconds. */
export interface Delivery {
  readonly botId: number
  readonly updateId: number
  readonly type: string
  /** 1 for the first; a redelivery asked for by the test counts apart, as 0. */
  readonly attempt: number
  /** Undefined when there was no answer; then `error` tells why. */
  readonly status: number | undefined
  readonly error: string | undefined
  readonly startedAt: number
  readonly endedAt: number
}

interface Outcome {
  readonly status: number | undefined
  readonly error: string | undefined
  readonly retryAfter: number
}

const MAX_RETRY_AFTER_SECONDS = 3600

/**
 * Delivers a bot's updates to its webhook in Telegram's order: one at a time per key, different keys in parallel up
 * to `max_connections`, and only twice as many keys loaded at a time, so that enough stuck chats stall the whole bot.
 */
export class WebhookSender {
  readonly #world: World
  readonly #bot: BotState
  readonly #config: WebhookConfig
  readonly #pool: Pool
  readonly #path: string
  readonly #headers: Record<string, string>
  readonly #backlog: Array<PendingUpdate>
  readonly #loaded = new Map<string, Array<PendingUpdate>>()
  readonly #ready: Array<string> = []
  #backlogHead = 0
  #active = 0
  #started = 0
  #closed = false

  constructor(world: World, bot: BotState, config: WebhookConfig) {
    const url = new URL(config.url)
    this.#world = world
    this.#bot = bot
    this.#config = config
    this.#backlog = [...bot.updates.values()]
    this.#path = url.pathname + url.search
    this.#headers = { "content-type": "application/json", "accept-encoding": "gzip, deflate" }
    if (config.secretToken !== "") this.#headers["x-telegram-bot-api-secret-token"] = config.secretToken
    if (url.username !== "") {
      const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
      this.#headers.authorization = `Basic ${Buffer.from(login).toString("base64")}`
    }
    const timeout = world.settings.webhookTimeoutMs
    this.#pool = new Pool(url.origin, {
      // Copies that a test asks for travel beside the ordered deliveries.
      connections: config.maxConnections * 2,
      keepAliveTimeout: 60_000,
      headersTimeout: timeout,
      bodyTimeout: timeout
    })
    this.#pump()
  }

  push(update: PendingUpdate): void {
    this.#backlog.push(update)
    this.#pump()
  }

  close(): void {
    this.#closed = true
    void this.#pool.destroy()
  }

  /** Posts an update once more, outside of the order, and answers the status it got. */
  async repeat(update: PendingUpdate): Promise<number | undefined> {
    return (await this.#post(update, 0)).status
  }

  #pump(): void {
    if (this.#closed) return
    this.#load()
    while (this.#active < this.#config.maxConnections) {
      const key = this.#ready.shift()
      if (key === undefined) return
      this.#active++
      void this.#deliver(key, this.#loaded.get(key)![0]!)
    }
  }

  #load(): void {
    const limit = this.#config.maxConnections * 2
    while (this.#loaded.size < limit && this.#backlogHead < this.#backlog.length) {
      const update = this.#backlog[this.#backlogHead++]!
      const queue = this.#loaded.get(update.key)
      if (queue !== undefined) {
        queue.push(update)
        continue
      }
      this.#loaded.set(update.key, [update])
      this.#ready.push(update.key)
    }
    if (this.#backlogHead <= 1000) return
    this.#backlog.splice(0, this.#backlogHead)
    this.#backlogHead = 0
  }

  async #deliver(key: string, update: PendingUpdate): Promise<void> {
    if (!update.started) this.#start(update)
    const outcome = await this.#post(update, update.failures + 1)
    this.#active--
    if (this.#closed) return
    if (outcome.error === undefined) this.#succeed(key, update)
    else this.#fail(key, update, outcome)
    this.#pump()
  }

  /** Decides, at an update's first attempt, whether it is one of those to be delivered twice. */
  #start(update: PendingUpdate): void {
    const { duplicateEvery, duplicateParallel } = this.#world.settings
    update.started = true
    this.#started++
    if (duplicateEvery === 0 || this.#started % duplicateEvery !== 0) return
    if (duplicateParallel) void this.#post(update, 0)
    else update.copies = 2
  }

  #succeed(key: string, update: PendingUpdate): void {
    update.copies--
    if (update.copies <= 0) this.#drop(key, update)
    else this.#ready.push(key)
  }

  #drop(key: string, update: PendingUpdate): void {
    this.#bot.updates.delete(update.id)
    const queue = this.#loaded.get(key)!
    queue.shift()
    if (queue.length === 0) this.#loaded.delete(key)
    else this.#ready.push(key)
  }

  /** The first failure is repeated at once, then after 2, 4, 8… seconds; the webhook's own Retry-After wins. */
  #fail(key: string, update: PendingUpdate, outcome: Outcome): void {
    const { timeScale } = this.#world.settings
    this.#bot.lastError = { date: Math.floor(Date.now() / 1000), message: outcome.error! }
    let seconds = outcome.retryAfter
    if (seconds === 0 && update.failures > 0) {
      update.delaySeconds = Math.min(60 + Math.random() * 60, update.delaySeconds * 2)
      seconds = update.delaySeconds
    }
    update.failures++
    const waitMs = seconds * 1000 * timeScale
    if (performance.now() + waitMs > update.expiresAt) return this.#drop(key, update)
    if (waitMs === 0) return void this.#ready.push(key)
    this.#world.timers.after(waitMs, () => {
      this.#ready.push(key)
      this.#pump()
    })
  }

  async #post(update: PendingUpdate, attempt: number): Promise<Outcome> {
    const startedAt = performance.now()
    const outcome = await this.#request(update)
    if (this.#closed) return outcome
    const { status, error } = outcome
    const endedAt = performance.now()
    const { id: updateId, type } = update
    this.#world.recordDelivery({ botId: this.#bot.id, updateId, type, attempt, status, error, startedAt, endedAt })
    return outcome
  }

  async #request(update: PendingUpdate): Promise<Outcome> {
    try {
      const answer = await this.#pool.request({
        path: this.#path,
        method: "POST",
        headers: this.#headers,
        body: update.json
      })
      const body = await answer.body.text()
      const status = answer.statusCode
      if (status >= 200 && status <= 299) {
        if (body !== "") this.#world.onWebhookReply(this.#bot, body)
        return { status, error: undefined, retryAfter: 0 }
      }
      const asked = Number(answer.headers["retry-after"])
      return {
        status,
        error: `Wrong response from the webhook: ${status} ${answer.statusText}`,
        retryAfter: asked > 0 ? Math.min(asked, MAX_RETRY_AFTER_SECONDS) : 0
      }
    } catch (error) {
      return { status: undefined, error: spoken(error), retryAfter: 0 }
    }
  }
}

const spoken = (error: unknown): string => {
  const code = (error as { readonly code?: string }).code ?? ""
  if (code.includes("TIMEOUT")) return "Read timeout expired"
  return code === "ECONNREFUSED" ? "Can't connect to the webhook" : "Webhook connection closed"
}
