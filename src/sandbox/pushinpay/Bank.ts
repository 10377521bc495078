import { Faults } from "../Faults.ts"
import { notPossible, unknown } from "../SandboxError.ts"
import { Timers } from "../Timers.ts"
import { Watch } from "../Watch.ts"
import { type Charge, type ChargeStatus, endToEndId, makeCharge } from "./Charge.ts"
import type { Operation } from "./Faults.ts"
import { type Options, resolveOptions, type Settings } from "./Options.ts"
import type { Request } from "./validate.ts"
import { Webhooks } from "./Webhooks.ts"

export interface Payer {
  readonly name?: string
  readonly document?: string
}

/** One request the stand-in answered. */
export interface ApiCall {
  readonly operation: string
  readonly chargeId: string | undefined
  readonly body: unknown
  /** 0 when no answer went out. */
  readonly status: number
  readonly receivedAt: number
  readonly answeredAt: number
}

/** Everything one PushinPay stand-in knows. */
export class Bank {
  readonly settings: Settings
  readonly charges = new Map<string, Charge>()
  readonly calls: Array<ApiCall> = []
  readonly called = new Watch<ApiCall>()
  /** Emits a charge whenever it is made or changes. */
  readonly changed = new Watch<Charge>()
  readonly timers = new Timers()
  readonly faults = new Faults<Operation>()
  readonly webhooks: Webhooks
  /** Queries that came too soon; a real account would be blocked for them. */
  violations = 0

  constructor(options: Options) {
    this.settings = resolveOptions(options)
    this.webhooks = new Webhooks(this.settings, this.timers)
  }

  create({ valueCents, webhookUrl, splitRules }: Request): Charge {
    const charge = makeCharge(valueCents, webhookUrl, splitRules, this.settings.codeLength)
    this.charges.set(charge.id, charge)
    this.changed.emit(charge)
    if (this.settings.notifyAll) void this.webhooks.notify(charge)
    return charge
  }

  charge(id: string): Charge {
    const found = this.charges.get(id.toLowerCase())
    if (found === undefined) throw unknown("O PushinPay de mentira não conhece essa cobrança.")
    return found
  }

  /** A buyer pays, in time or late. Resolves when the webhook's first attempt is over. */
  pay(id: string, { name = "Fulano de Tal", document = "***.456.789-**" }: Payer = {}): Promise<void> {
    const charge = this.charge(id)
    if (charge.status === "paid") throw notPossible("Essa cobrança já foi paga.")
    charge.endToEndId = endToEndId(new Date())
    charge.payerName = name
    charge.payerDocument = document
    return this.#change(charge, "paid", true)
  }

  cancel(id: string): Promise<void> {
    return this.#change(this.#expect(id, "created"), "canceled", true)
  }

  expire(id: string): Promise<void> {
    return this.#change(this.#expect(id, "created"), "expired", this.settings.notifyAll)
  }

  /** PushinPay has no status of its own for this: a paid charge becomes `canceled`. */
  refund(id: string): Promise<void> {
    return this.#change(this.#expect(id, "paid"), "canceled", true)
  }

  /** Counts a status query; false when it came too soon after the last one. */
  mayQuery(charge: Charge, now: number): boolean {
    const inTime = now - charge.lastQueryAt >= this.settings.queryWindowMs
    charge.lastQueryAt = now
    charge.queries++
    if (!inTime) this.violations++
    return inTime
  }

  record(call: ApiCall): void {
    if (this.settings.record) this.calls.push(call)
    this.called.emit(call)
  }

  close(): void {
    this.timers.close()
    this.webhooks.courier.close()
  }

  #expect(id: string, status: ChargeStatus): Charge {
    const charge = this.charge(id)
    if (charge.status !== status) throw notPossible(`Essa cobrança está ${charge.status}, não ${status}.`)
    return charge
  }

  #change(charge: Charge, status: ChargeStatus, tell: boolean): Promise<void> {
    charge.status = status
    charge.updatedAt = new Date()
    this.changed.emit(charge)
    return tell ? this.webhooks.notify(charge) : Promise.resolve()
  }
}
