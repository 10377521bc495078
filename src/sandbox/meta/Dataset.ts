import { Faults } from "../Faults.ts"
import { Watch } from "../Watch.ts"

/** How a Meta stand-in behaves; every field can be changed while it runs, by `configure`. */
export interface Options {
  /** The access token of each pixel. */
  readonly pixels?: Readonly<Record<string, string>>
  /** Store the good events of a refused request that have an `event_id`, as one reading of Meta's documents says. */
  readonly partialAccept?: boolean
  readonly latencyMs?: number
  /** Longer than this before `fbevents.js` is answered; "blocked": as in a browser with an ad blocker. */
  readonly pixelDelayMs?: number
  readonly pixelBlocked?: boolean
  /** Keep events and requests; off for load tests, which then only count. */
  readonly record?: boolean
}

export type Settings = { -readonly [K in keyof Required<Options>]: Required<Options>[K] }

export const DEFAULT_PIXEL = "1234567890123456"
export const DEFAULT_TOKEN = "EAASandboxSandboxSandboxSandboxSandboxSandbox0"

export type Fields = Readonly<Record<string, unknown>>

/** One event that was taken, from the server or from a browser. */
export interface Received {
  readonly pixelId: string
  readonly source: "server" | "browser"
  readonly name: string
  readonly eventId: string | undefined
  readonly event: Fields
  readonly testCode: string | undefined
  /** A twin came within 48 h, so this one does not count. */
  readonly duplicate: boolean
  /** What a real account would silently suffer from. */
  readonly notes: ReadonlyArray<string>
  readonly receivedAt: number
}

/** One request to the Conversions API; status 0 when no answer went out. */
export interface ApiCall {
  readonly pixelId: string
  readonly status: number
  readonly events: number
  readonly receivedAt: number
}

const dedupMs = 48 * 3_600_000

/** Everything one Meta stand-in knows. */
export class Dataset {
  readonly settings: Settings
  readonly received: Array<Received> = []
  readonly calls: Array<ApiCall> = []
  readonly taken = new Watch<Received>()
  readonly called = new Watch<ApiCall>()
  readonly faults = new Faults<"events">()
  readonly #first = new Map<string, number>()

  constructor(options: Options) {
    this.settings = {
      pixels: { [DEFAULT_PIXEL]: DEFAULT_TOKEN },
      partialAccept: false,
      latencyMs: 0,
      pixelDelayMs: 0,
      pixelBlocked: false,
      record: true,
      ...options
    }
  }

  take(one: Omit<Received, "duplicate" | "receivedAt">): void {
    if (!this.settings.record) return
    const receivedAt = Date.now()
    const key = `${one.pixelId}\n${one.name}\n${one.eventId ?? ""}`
    const first = one.eventId === undefined ? undefined : this.#first.get(key)
    const duplicate = first !== undefined && receivedAt - first < dedupMs
    if (!duplicate && one.eventId !== undefined) this.#first.set(key, receivedAt)
    const received = { ...one, duplicate, receivedAt }
    this.received.push(received)
    this.taken.emit(received)
  }

  record(call: ApiCall): void {
    if (this.settings.record) this.calls.push(call)
    this.called.emit(call)
  }

  /** How often each event counts, by its name. */
  counted(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { duplicate, name } of this.received) if (!duplicate) counts[name] = (counts[name] ?? 0) + 1
    return counts
  }

  clear(): void {
    this.received.length = 0
    this.calls.length = 0
    this.#first.clear()
  }
}
