import type { IncomingMessage, ServerResponse } from "node:http"
import { readBody } from "../http/body.ts"
import { type FaultAnswer, isApplied } from "../Faults.ts"
import { CONTROL_PREFIX } from "../http/control.ts"
import type { Bank } from "./Bank.ts"
import { type Charge, createdBody, queriedBody } from "./Charge.ts"
import type { Operation } from "./Faults.ts"
import { qrDataUri } from "./qr.ts"
import { validate } from "./validate.ts"

interface Answer {
  readonly status: number
  readonly body: unknown
}

const MAX_BODY_BYTES = 1024 * 1024
const TRANSACTION = /^\/api\/transactions?\/([\w-]+)(\/refund)?$/
const HTML =
  "<!DOCTYPE html><html><head><title>Server Error</title></head><body><h1>500 | Server Error</h1></body></html>"

/** Handles `/api/…` and leaves the control routes to `control`. */
export const pushinPayHandler =
  (bank: Bank, control: (request: IncomingMessage, response: ServerResponse) => void) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url?.startsWith(CONTROL_PREFIX) === true) return control(request, response)
    const receivedAt = performance.now()
    readBody(request, { maxBytes: MAX_BODY_BYTES, keepUploads: false }, (body) => {
      if (body === "aborted") return
      const params = typeof body === "string" ? undefined : body.params
      new Exchange(bank, request, response, receivedAt).run(params).catch(() => request.socket.destroy())
    })
  }

class Exchange {
  readonly #bank: Bank
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #receivedAt: number
  #operation: Operation | "unknown" = "unknown"
  #chargeId: string | undefined
  #body: unknown

  constructor(bank: Bank, request: IncomingMessage, response: ServerResponse, receivedAt: number) {
    this.#bank = bank
    this.#request = request
    this.#response = response
    this.#receivedAt = receivedAt
  }

  async run(params: Record<string, unknown> | undefined): Promise<void> {
    this.#body = params
    const found = this.#find()
    if (found === undefined) return this.#write({ status: 404, body: { message: "Not Found" } })
    this.#operation = found.operation
    this.#chargeId = found.chargeId?.toLowerCase()
    const refused = this.#refused(params, found.method)
    if (refused !== undefined) return this.#write(refused)
    const fault = this.#bank.faults.strike(found.operation)
    if (fault !== undefined) return this.#fail(fault, found.operation, params ?? {})
    const answer = await this.#perform(found.operation, params ?? {})
    this.#write(answer)
  }

  #find(): { readonly operation: Operation; readonly chargeId?: string; readonly method: string } | undefined {
    const path = new URL(this.#request.url ?? "/", "http://sandbox").pathname
    if (path === "/api/pix/cashIn") return { operation: "create", method: "POST" }
    if (path === "/api/balance") return { operation: "balance", method: "GET" }
    const [, chargeId, refund] = TRANSACTION.exec(path) ?? []
    if (chargeId === undefined) return undefined
    return refund === undefined
      ? { operation: "query", chargeId, method: "GET" }
      : { operation: "refund", chargeId, method: "POST" }
  }

  #refused(params: Record<string, unknown> | undefined, method: string): Answer | undefined {
    const { settings } = this.#bank
    if (this.#request.headers.authorization !== `Bearer ${settings.token}`) {
      return { status: 401, body: { message: "Unauthenticated." } }
    }
    if (this.#request.method !== method) {
      return { status: 405, body: { message: `The ${this.#request.method} method is not supported for this route.` } }
    }
    const accepts = this.#request.headers.accept ?? ""
    if (settings.strictAccept && !accepts.includes("application/json")) {
      return { status: 406, body: { message: "Not Acceptable" } }
    }
    return params === undefined ? { status: 400, body: { message: "O corpo da requisição não é válido." } } : undefined
  }

  async #perform(operation: Operation, params: Record<string, unknown>): Promise<Answer> {
    if (operation === "create") return this.#create(params)
    if (operation === "balance") return { status: 200, body: { amount: this.#balance() } }
    const charge = this.#bank.charges.get(this.#chargeId ?? "")
    if (charge === undefined) return { status: 404, body: [] }
    return operation === "query" ? this.#query(charge) : this.#refund(charge)
  }

  async #create(params: Record<string, unknown>): Promise<Answer> {
    const { settings } = this.#bank
    const request = validate(params, settings)
    if ("errors" in request) return { status: 422, body: request }
    const charge = this.#bank.create(request)
    this.#chargeId = charge.id
    const picture = qrDataUri(charge.code, settings.qr)
    const { autoPay } = settings
    if (autoPay === "before-response") await this.#bank.pay(charge.id)
    else if (autoPay !== null) this.#bank.timers.after(autoPay, () => this.#payUnlessPaid(charge))
    return { status: 200, body: createdBody(charge, picture) }
  }

  #payUnlessPaid(charge: Charge): void {
    if (charge.status === "created") void this.#bank.pay(charge.id)
  }

  #query(charge: Charge): Answer {
    const inTime = this.#bank.mayQuery(charge, performance.now())
    if (!inTime && this.#bank.settings.enforceQueryRate) return { status: 429, body: { message: "Too Many Attempts." } }
    return { status: 200, body: queriedBody(charge) }
  }

  #refund(charge: Charge): Answer {
    if (charge.status !== "paid") {
      return { status: 422, body: { message: "Somente transações pagas podem ser estornadas." } }
    }
    void this.#bank.refund(charge.id)
    return { status: 200, body: [] }
  }

  #balance(): number {
    let cents = 0
    for (const charge of this.#bank.charges.values()) cents += charge.status === "paid" ? charge.valueCents : 0
    return cents
  }

  async #fail(fault: FaultAnswer, operation: Operation, params: Record<string, unknown>): Promise<void> {
    const answer = isApplied(fault) ? await this.#perform(operation, params) : undefined
    switch (fault.kind) {
      case "http":
        return this.#write({ status: fault.status, body: fault.body ?? { message: "Server Error" } })
      case "html":
        return this.#send(fault.status ?? 500, "text/html; charset=UTF-8", HTML)
      case "truncated": {
        const text = JSON.stringify(answer?.body)
        return this.#send(answer?.status ?? 200, "application/json", text.slice(0, Math.floor(text.length / 2)))
      }
      case "timeout":
        return this.#record(0)
      case "reset":
        this.#request.socket.destroy()
        return this.#record(0)
    }
  }

  #write({ status, body }: Answer): void {
    const { latencyMs } = this.#bank.settings
    const send = () => this.#send(status, "application/json", JSON.stringify(body))
    if (latencyMs > 0 && this.#operation === "create") this.#bank.timers.after(latencyMs, send)
    else send()
  }

  #send(status: number, type: string, text: string): void {
    const headers: Record<string, string> = { "content-type": type }
    if (status === 429) headers["retry-after"] = "60"
    this.#response.writeHead(status, headers).end(text)
    this.#record(status)
  }

  #record(status: number): void {
    this.#bank.record({
      operation: this.#operation,
      chargeId: this.#chargeId,
      body: this.#body,
      status,
      receivedAt: this.#receivedAt,
      answeredAt: performance.now()
    })
  }
}
