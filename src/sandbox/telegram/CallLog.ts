import type { Params, Upload } from "../http/body.ts"
import { Watch } from "../Watch.ts"
import type { Settings } from "./Options.ts"

/** One call of the Bot API, as it was answered. Times are monotonic milliseconds. */
export interface Call {
  readonly id: number
  readonly method: string
  /** Undefined when the token belongs to no bot. */
  readonly botId: number | undefined
  readonly params: Params
  readonly files: ReadonlyArray<Upload>
  readonly receivedAt: number
  readonly answeredAt: number
  /** 0 when no answer went out: the call was left hanging or its connection was reset. */
  readonly status: number
  readonly ok: boolean
  readonly response: unknown
  readonly fault: "fault" | "rate" | undefined
  /** "webhook": the call was the body of a webhook's answer. */
  readonly via: "http" | "webhook"
}

export interface Counters {
  readonly total: number
  readonly byMethod: Readonly<Record<string, number>>
  readonly byStatus: Readonly<Record<string, number>>
  /** 429s given by the enforced limits, by bot id. */
  readonly limited: Readonly<Record<string, number>>
  /** Answers replaced by an injected fault. */
  readonly faulted: number
}

export class CallLog {
  readonly watch = new Watch<Call>()
  readonly #settings: Settings
  readonly #byMethod = new Map<string, number>()
  readonly #byStatus = new Map<number, number>()
  readonly #limited = new Map<number, number>()
  #calls: Array<Call> = []
  #total = 0
  #faulted = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  get all(): ReadonlyArray<Call> {
    return this.#calls
  }

  add(call: Omit<Call, "id">): void {
    const complete = { id: ++this.#total, ...call }
    increase(this.#byMethod, call.method)
    increase(this.#byStatus, call.status)
    if (call.fault === "fault") this.#faulted++
    if (call.fault === "rate" && call.botId !== undefined) increase(this.#limited, call.botId)
    if (this.#settings.record) this.#calls.push(complete)
    this.#settings.onCall?.(complete)
    this.watch.emit(complete)
  }

  counters(): Counters {
    return {
      total: this.#total,
      byMethod: Object.fromEntries(this.#byMethod),
      byStatus: Object.fromEntries(this.#byStatus),
      limited: Object.fromEntries(this.#limited),
      faulted: this.#faulted
    }
  }

  clear(): void {
    this.#calls = []
    this.#byMethod.clear()
    this.#byStatus.clear()
    this.#limited.clear()
    this.#total = 0
    this.#faulted = 0
  }
}

const increase = <K>(counts: Map<K, number>, key: K): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
