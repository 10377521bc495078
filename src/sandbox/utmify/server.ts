import type { IncomingMessage, ServerResponse } from "node:http"
import { readBody } from "../http/body.ts"
import { CONTROL_PREFIX } from "../http/control.ts"
import { type Reply, suffer, write } from "../http/exchange.ts"
import type { Orders } from "./Orders.ts"
import { problemsOf } from "./validate.ts"

const MAX_BODY_BYTES = 1024 * 1024

const refusal = (statusCode: number, message: string, data: unknown): Reply => ({
  status: statusCode,
  body: { OK: false, data, result: "ERROR", statusCode, message }
})

const unknownCredential = refusal(404, "API_CREDENTIAL_NOT_FOUND", { type: "API_CREDENTIAL" })
const accepted: Reply = { status: 200, body: { OK: true, data: {}, result: "SUCCESS", statusCode: 200 } }

/** Handles `POST /api-credentials/orders` and leaves the control routes to `control`. */
export const utmifyHandler =
  (orders: Orders, control: (request: IncomingMessage, response: ServerResponse) => void) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url?.startsWith(CONTROL_PREFIX) === true) return control(request, response)
    const receivedAt = Date.now()
    readBody(request, { maxBytes: MAX_BODY_BYTES, keepUploads: false }, (read) => {
      if (read === "aborted") return
      const body = typeof read === "string" ? undefined : read.params
      const answer = () => {
        const fault = orders.faults.strike("order")
        const perform = () => handle(orders, request, body)
        const status = fault === undefined ? write(response, perform()) : suffer(fault, request, response, perform)
        orders.record({ status, receivedAt, body })
      }
      if (orders.settings.latencyMs > 0) setTimeout(answer, orders.settings.latencyMs)
      else answer()
    })
  }

const handle = (
  orders: Orders,
  request: IncomingMessage,
  body: Readonly<Record<string, unknown>> | undefined
): Reply => {
  if (request.method !== "POST" || request.url !== "/api-credentials/orders") {
    return refusal(404, "ROUTE_NOT_FOUND", { type: "ROUTE" })
  }
  if (request.headers["x-api-token"] !== orders.settings.token) return unknownCredential
  if (body === undefined) return refusal(400, "SCHEMA_VALIDATION_FAILED", { body: "body must be JSON" })
  const problems = problemsOf(body)
  if (Object.keys(problems).length > 0) return refusal(400, "SCHEMA_VALIDATION_FAILED", problems)
  if (orders.settings.enforceAge && orders.isTooOld(body)) {
    return refusal(400, "ORDER_TOO_OLD", { createdAt: "createdAt is too old" })
  }
  if (body["isTest"] !== true) orders.store(body)
  return accepted
}
