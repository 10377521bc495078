import type { IncomingMessage, ServerResponse } from "node:http"
import { type FaultAnswer, isApplied } from "../Faults.ts"
import { readBody } from "../http/body.ts"
import { CONTROL_PREFIX } from "../http/control.ts"
import { type Answer, callOf, perform, refusalOf } from "./api.ts"
import type { Bank } from "./Bank.ts"

const MAX_BODY_BYTES = 1024 * 1024
const HTML = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"

type Params = Record<string, unknown>

/** Handles `/api/…` and leaves the control routes to `control`. */
export const syncPayHandler =
  (bank: Bank, control: (request: IncomingMessage, response: ServerResponse) => void) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    if (request.url?.startsWith(CONTROL_PREFIX) === true) return control(request, response)
    const receivedAt = performance.now()
    readBody(request, { maxBytes: MAX_BODY_BYTES, keepUploads: false }, (body) => {
      if (body === "aborted") return
      const params = typeof body === "string" ? undefined : body.params
      respond(bank, request, response, receivedAt, params).catch(() => request.socket.destroy())
    })
  }

const respond = async (
  bank: Bank,
  request: IncomingMessage,
  response: ServerResponse,
  receivedAt: number,
  params: Params | undefined
): Promise<void> => {
  const method = request.method ?? "GET"
  const path = new URL(request.url ?? "/", "http://sandbox").pathname
  const call = callOf(path)
  const operation = call?.operation ?? "unknown"
  const record = (status: number) =>
    bank.record({
      operation,
      path,
      chargeId: operation === "query" ? call?.id?.toLowerCase() : undefined,
      body: params,
      status,
      receivedAt,
      answeredAt: performance.now()
    })
  const send = (status: number, type: string, text: string, headers: Answer["headers"] = {}) => {
    response.writeHead(status, { "content-type": type, ...headers }).end(text)
    record(status)
  }
  const write = ({ status, body, headers }: Answer) => {
    const text = body === undefined ? "" : JSON.stringify(body)
    const run = () => send(status, "application/json", text, headers)
    const { latencyMs } = bank.settings
    if (latencyMs > 0 && operation === "create") bank.timers.after(latencyMs, run)
    else run()
  }
  const fail = (fault: FaultAnswer, answer: Answer | undefined) => {
    switch (fault.kind) {
      case "http":
        return write({ status: fault.status, body: fault.body ?? { message: "Server Error" } })
      case "html":
        return send(fault.status ?? 502, "text/html", HTML)
      case "truncated": {
        const text = JSON.stringify(answer?.body)
        return send(answer?.status ?? 200, "application/json", text.slice(0, Math.floor(text.length / 2)))
      }
      case "timeout":
        return record(0)
      case "reset":
        request.socket.destroy()
        return record(0)
    }
  }

  if (call === undefined) return write({ status: 404, body: { message: "Not Found" } })
  if (!call.methods.includes(method)) return write({ status: 405, body: { message: "Method Not Allowed" } })
  const refused = refusalOf(bank, call, request.headers.authorization)
  if (refused !== undefined) return write(refused)
  if (params === undefined) return write({ status: 400, body: { message: "Malformed JSON." } })
  const fault = bank.faults.strike(call.operation)
  if (fault === undefined) return write(await perform(bank, call, method, params))
  return fail(fault, isApplied(fault) ? await perform(bank, call, method, params) : undefined)
}
