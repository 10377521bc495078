import { createHmac, randomUUID } from "node:crypto"
import { Courier, type Message } from "../Courier.ts"
import type { Timers } from "../Timers.ts"
import { cashOut, contractA, contractB, contractC } from "./bodies.ts"
import type { Charge, ChargeStatus } from "./Charge.ts"
import { type Hook, Hooks } from "./Hooks.ts"
import type { Settings } from "./Options.ts"

/** SyncPay does not publish its waits; it is said to try for days. */
const WAIT_MS = [5000, 60_000, 600_000, 3_600_000]

const JSON_TYPE = { "content-type": "application/json" }

/** Tells sellers of changes, in each of the three contracts that somebody listens to. */
export class Webhooks {
  readonly courier: Courier
  readonly hooks = new Hooks()
  readonly #settings: Settings

  constructor(settings: Settings, timers: Timers) {
    this.#settings = settings
    this.courier = new Courier(settings, timers, WAIT_MS)
  }

  /** `previous`: the status before; null at its birth. Resolves when the first attempts are over. */
  async notify(charge: Charge, previous: ChargeStatus | null): Promise<void> {
    for (const message of this.#messages(charge, previous)) await this.courier.bring(message)
  }

  /** Sends the present status again, whatever the options say of dropping and holding. */
  async resend(charge: Charge): Promise<void> {
    for (const message of this.#messages(charge, "pending")) await this.courier.send(message)
  }

  /** A dispute has an event of its own besides the change of the charge. */
  async infraction(charge: Charge): Promise<void> {
    const body = JSON.stringify(contractB(charge, this.#settings))
    for (const hook of this.hooks.for("infraction", "all")) {
      await this.courier.bring(this.#toHook(hook, "infraction.create", charge.id, charge.status, body))
    }
  }

  /** The seller takes money out: no sale, though it looks like one. */
  async cashOut(valueCents: number): Promise<void> {
    const body = JSON.stringify(cashOut(valueCents, this.#settings))
    for (const hook of this.hooks.for("cashout", "all")) {
      await this.courier.bring(this.#toHook(hook, "cashout.update", "", "completed", body))
    }
  }

  #messages(charge: Charge, previous: ChargeStatus | null): ReadonlyArray<Message> {
    const { ignoreWebhookUrl } = this.#settings
    const own = charge.webhookUrl === null || ignoreWebhookUrl ? [] : [this.#toCharge(charge, charge.webhookUrl)]
    const word = this.#settings.cashinShape === "old" ? ["create", "update"] : ["created", "updated"]
    const event = `cashin.${previous === null ? word[0] : word[1]}`
    const body = JSON.stringify(contractB(charge, this.#settings))
    return [
      ...own,
      ...this.hooks.for("cashin", "all").map((hook) => this.#toHook(hook, event, charge.id, charge.status, body)),
      ...this.hooks.for("transaction").map((hook) => this.#signed(hook, charge, previous))
    ]
  }

  #toCharge(charge: Charge, url: string): Message {
    const body = JSON.stringify(contractA(charge, this.#settings))
    return { chargeId: charge.id, status: charge.status, url, body, headers: () => JSON_TYPE }
  }

  #toHook(hook: Hook, event: string, chargeId: string, status: string, body: string): Message {
    const headers = { ...JSON_TYPE, event, authorization: `Bearer ${hook.token}` }
    return { chargeId, status, url: hook.url, body, headers: () => headers }
  }

  #signed(hook: Hook, charge: Charge, previous: ChargeStatus | null): Message {
    const fields = contractC(charge, this.#settings, previous)
    const body = JSON.stringify(fields)
    const headers = () => {
      const t = Math.floor(Date.now() / 1000) + this.#settings.signatureSkewSeconds
      const v1 = createHmac("sha256", hook.token).update(`${t}.${body}`).digest("hex")
      return {
        ...JSON_TYPE,
        "x-syncpay-event": String(fields["event"]),
        "x-syncpay-delivery": randomUUID(),
        "x-syncpay-signature": `t=${t},v1=${v1}`
      }
    }
    return { chargeId: charge.id, status: charge.status, url: hook.url, body, headers }
  }
}
