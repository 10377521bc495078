import { Faults } from "../Faults.ts"
import { Watch } from "../Watch.ts"

/** How a UTMify stand-in behaves; every field can be changed while it runs, by `configure`. */
export interface Options {
  readonly token?: string
  /** Refuse orders past the age rule instead of only noting it: what the real one answers is not public. */
  readonly enforceAge?: boolean
  readonly latencyMs?: number
  /** Keep orders and requests; off for load tests. */
  readonly record?: boolean
}

export type Settings = { -readonly [K in keyof Required<Options>]: Required<Options>[K] }

export const DEFAULT_TOKEN = "SandboxUtmify0000000000000000000000X"

/** One order as it was sent. */
export interface Sent {
  readonly receivedAt: number
  readonly status: string
  readonly body: Readonly<Record<string, unknown>>
}

export interface Order {
  readonly orderId: string
  readonly history: Array<Sent>
  /** What a real account would suffer from, in words. */
  readonly notes: Array<string>
}

/** One request the stand-in answered; status 0 when no answer went out. */
export interface ApiCall {
  readonly status: number
  readonly receivedAt: number
  readonly body: unknown
}

const dayMs = 86_400_000

/** Everything one UTMify stand-in knows. The last word on an order counts, as there. */
export class Orders {
  readonly settings: Settings
  readonly orders = new Map<string, Order>()
  readonly calls: Array<ApiCall> = []
  readonly called = new Watch<ApiCall>()
  readonly stored = new Watch<Order>()
  readonly faults = new Faults<"order">()

  constructor(options: Options) {
    this.settings = { token: DEFAULT_TOKEN, enforceAge: false, latencyMs: 0, record: true, ...options }
  }

  /** Whether the order is older than UTMify takes one of its status. */
  isTooOld(body: Readonly<Record<string, unknown>>): boolean {
    const age = Date.now() - Date.parse(`${String(body["createdAt"]).replace(" ", "T")}Z`)
    return age > (body["status"] === "refunded" || body["status"] === "chargedback" ? 45 : 7) * dayMs
  }

  store(body: Readonly<Record<string, unknown>>): void {
    if (!this.settings.record) return
    const orderId = String(body["orderId"])
    const order = this.orders.get(orderId) ?? { orderId, history: [], notes: [] }
    this.orders.set(orderId, order)
    const before = order.history.at(-1)
    const status = String(body["status"])
    if (before !== undefined && before.body["createdAt"] !== body["createdAt"]) order.notes.push("createdAt changed")
    if (before !== undefined && status === "waiting_payment" && before.status !== status) {
      order.notes.push(`status went back from ${before.status}`)
    }
    if (status === "paid" && body["approvedDate"] === null) order.notes.push("paid without approvedDate")
    const { totalPriceInCents, userCommissionInCents } = body["commission"] as Record<string, number>
    if (userCommissionInCents === 0 && (totalPriceInCents ?? 0) > 0) order.notes.push("the seller got nothing")
    if (JSON.stringify(body["trackingParameters"]).includes("{{")) order.notes.push("a UTM is an unfilled macro")
    if (this.isTooOld(body)) order.notes.push("too old")
    order.history.push({ receivedAt: Date.now(), status, body })
    this.stored.emit(order)
  }

  record(call: ApiCall): void {
    if (this.settings.record) this.calls.push(call)
    this.called.emit(call)
  }
}
