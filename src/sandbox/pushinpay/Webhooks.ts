import { Courier } from "../Courier.ts"
import type { Message } from "../Courier.ts"
import type { Timers } from "../Timers.ts"
import type { Charge } from "./Charge.ts"
import type { Settings } from "./Options.ts"

export type { Delivery } from "../Courier.ts"

/** Three attempts, then only a resend by hand. PushinPay does not publish the waits between them. */
const WAIT_MS = [5000, 30_000]

/** Tells sellers of changes at the address of each charge. */
export class Webhooks {
  readonly courier: Courier
  readonly #settings: Settings

  constructor(settings: Settings, timers: Timers) {
    this.#settings = settings
    this.courier = new Courier(settings, timers, WAIT_MS)
  }

  /** Resolves when the first attempt of every copy is over. */
  async notify(charge: Charge): Promise<void> {
    if (charge.webhookUrl !== null) await this.courier.bring(messageOf(charge, charge.webhookUrl, this.#settings))
  }

  /** Sends again what a seller asks for in the panel, whatever the options say of dropping and holding. */
  async resend(charge: Charge): Promise<void> {
    if (charge.webhookUrl !== null) await this.courier.send(messageOf(charge, charge.webhookUrl, this.#settings))
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
  return { chargeId: charge.id, status: charge.status, url, body, headers: () => headers }
}

const formOf = (fields: Record<string, string | number | null>): string => {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    if (value !== null) form.append(name, String(value))
  }
  return form.toString()
}
