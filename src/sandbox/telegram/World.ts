import type { Person } from "./people.ts"
import { Timers } from "../Timers.ts"
import { Watch } from "../Watch.ts"
import { notPossible, unknown } from "../SandboxError.ts"
import { type BotState, makeBot, type NewBot } from "./Bot.ts"
import { CallLog } from "./CallLog.ts"
import { Faults } from "./Faults.ts"
import type { Group } from "./groups.ts"
import { type Options, resolveOptions, type Settings } from "./Options.ts"
import { RateGuard } from "./RateGuard.ts"
import type { Delivery } from "./Webhook.ts"
import { UploadStore } from "./UploadStore.ts"

/** How a control call names a bot: by its token, its id, or anything that carries the id. */
export type BotKey = string | number | { readonly id: number }

export type PersonKey = number | { readonly id: number }

/** Everything one Telegram stand-in knows. */
export class World {
  readonly settings: Settings
  readonly bots = new Map<string, BotState>()
  readonly botsById = new Map<number, BotState>()
  readonly people = new Map<number, Person>()
  readonly groups = new Map<number, Group>()
  readonly timers = new Timers()
  readonly calls: CallLog
  readonly faults = new Faults()
  readonly rate: RateGuard
  readonly uploads: UploadStore
  readonly deliveries: Array<Delivery> = []
  readonly delivered = new Watch<Delivery>()
  readonly changes = new Watch<{ readonly botId: number; readonly chatId: number; readonly version: number }>()
  /** What happens with a method call that a webhook sends as its answer; set by the server. */
  onWebhookReply: (bot: BotState, body: string) => void = () => undefined
  #queries = 0

  constructor(options: Options) {
    this.settings = resolveOptions(options)
    this.calls = new CallLog(this.settings)
    this.rate = new RateGuard(this.settings)
    this.uploads = new UploadStore(this.settings.keepUploadBytes, this.settings.uploadFolder)
  }

  addBot(bot: NewBot): BotState {
    const id = Number(/^(\d+):[\w-]+$/.exec(bot.token)?.[1])
    if (!Number.isSafeInteger(id)) throw notPossible("O token precisa ter a forma 123456:ABC.")
    const state = makeBot(id, bot)
    const before = this.botsById.get(id)
    if (before !== undefined) {
      // A new token for a bot that exists is what BotFather's rotation does: chats, updates and webhook stay.
      this.bots.delete(before.token)
      before.token = bot.token
      before.user = state.user
      this.bots.set(bot.token, before)
      return before
    }
    this.bots.set(bot.token, state)
    this.botsById.set(id, state)
    return state
  }

  bot(key: BotKey): BotState {
    const id = typeof key === "object" ? key.id : Number(key)
    const found = this.botsById.get(id) ?? (typeof key === "string" ? this.bots.get(key) : undefined)
    if (found === undefined) throw unknown("O Telegram de mentira não conhece esse bot.")
    return found
  }

  personOf(key: PersonKey): Person {
    const found = this.people.get(typeof key === "object" ? key.id : key)
    if (found === undefined) throw unknown("O Telegram de mentira não conhece essa pessoa.")
    return found
  }

  recordDelivery(delivery: Delivery): void {
    if (this.settings.record) this.deliveries.push(delivery)
    this.settings.onDelivery?.(delivery)
    this.delivered.emit(delivery)
  }

  /** Ids of taps are issued in one rising sequence, so that a made-up one is told from a real one without a table. */
  nextQueryId(): string {
    return String(QUERY_BASE + ++this.#queries)
  }

  knowsQuery(id: string): boolean {
    const number = Number(id) - QUERY_BASE
    return Number.isSafeInteger(number) && number > 0 && number <= this.#queries
  }

  close(): void {
    this.timers.close()
    for (const bot of this.botsById.values()) {
      bot.sender?.close()
      bot.poll?.close()
    }
  }
}

const QUERY_BASE = 4_100_000_000_000_000
