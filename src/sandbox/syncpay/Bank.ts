import { Faults } from "../Faults.ts"
import { endToEndId } from "../pushinpay/Charge.ts"
import { notPossible, unknown } from "../SandboxError.ts"
import { Timers } from "../Timers.ts"
import { Watch } from "../Watch.ts"
import { type Charge, type ChargeStatus, makeCharge } from "./Charge.ts"
import type { Operation } from "./Faults.ts"
import { type Options, resolveOptions, type Settings } from "./Options.ts"
import { Tokens } from "./Tokens.ts"
import type { NewCharge } from "./validate.ts"
import { Webhooks } from "./Webhooks.ts"

export interface Payer {
  readonly name?: string
  readonly document?: string
}

/** One request the stand-in answered. */
export interface ApiCall {
  readonly operation: string
  readonly path: string
  readonly chargeId: string | undefined
  readonly body: unknown
  /** 0 when no answer went out. */
  readonly status: number
  readonly receivedAt: number
  readonly answeredAt: number
}

/** Everything one SyncPay stand-in knows. */
export class Bank {
  readonly settings: Settings
  readonly charges = new Map<string, Charge>()
  readonly calls: Array<ApiCall> = []
  readonly called = new Watch<ApiCall>()
  /** Emits a charge whenever it is made or changes. */
  readonly changed = new Watch<Charge>()
  readonly timers = new Timers()
  readonly faults = new Faults<Operation>()
  readonly tokens: Tokens
  readonly webhooks: Webhooks
  /** Queries that came too soon. */
  violations = 0

  constructor(options: Options) {
    this.settings = resolveOptions(options)
    this.tokens = new Tokens(this.settings)
    this.webhooks = new Webhooks(this.settings, this.timers)
  }

  create(request: NewCharge): Charge {
    const charge = makeCharge(request)
    this.charges.set(charge.id, charge)
    this.changed.emit(charge)
    if (this.settings.notifyCreated) void this.webhooks.notify(charge, null)
    return charge
  }

  charge(id: string): Charge {
    const found = this.charges.get(id.toLowerCase())
    if (found === undefined) throw unknown("A SyncPay de mentira não conhece essa cobrança.")
    return found
  }

  /** A buyer pays, in time or late. Resolves when the webhooks' first attempts are over. */
  pay(id: string, { name = "Fulano de Tal", document = "***.456.789-**" }: Payer = {}): Promise<void> {
    const charge = this.charge(id)
    if (charge.paidAt !== null) throw notPossible("Essa cobrança já foi paga.")
    charge.paidAt = new Date()
    charge.endToEndId = endToEndId(charge.paidAt)
    charge.payerName = name
    charge.payerDocument = document
    return this.#change(charge, "completed")
  }

  refuse(id: string): Promise<void> {
    return this.#change(this.#expect(id, ["pending"]), "failed")
  }

  /** Only the panel can do this. */
  refund(id: string): Promise<void> {
    const charge = this.#expect(id, ["completed", "med"])
    charge.refundedAt = new Date()
    return this.#change(charge, "refunded")
  }

  /** The payer disputes the transfer at the bank: the money is blocked. */
  async dispute(id: string): Promise<void> {
    const charge = this.#expect(id, ["completed"])
    await this.#change(charge, "med")
    await this.webhooks.infraction(charge)
  }

  /** Counts a status query; false when it came too soon after the last one of its version. */
  mayQuery(charge: Charge, version: string, now: number): boolean {
    const last = charge.lastQueryAt.get(version) ?? Number.NEGATIVE_INFINITY
    const inTime = now - last >= this.settings.queryWindowMs
    charge.lastQueryAt.set(version, now)
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

  #expect(id: string, allowed: ReadonlyArray<ChargeStatus>): Charge {
    const charge = this.charge(id)
    if (!allowed.includes(charge.status)) throw notPossible(`Essa cobrança está ${charge.status}.`)
    return charge
  }

  #change(charge: Charge, status: ChargeStatus): Promise<void> {
    const previous = charge.status
    charge.status = status
    charge.updatedAt = new Date()
    this.changed.emit(charge)
    return this.webhooks.notify(charge, previous)
  }
}
