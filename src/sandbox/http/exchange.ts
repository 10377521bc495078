import type { IncomingMessage, ServerResponse } from "node:http"
import { type FaultAnswer, isApplied } from "../Faults.ts"

export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const HTML = "<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

/** Puts a fault in the place of an answer; `perform` is run where the request has its effect all the same. 0: no answer. */
export const suffer = (
  fault: FaultAnswer,
  request: IncomingMessage,
  response: ServerResponse,
  perform: () => Reply
): number => {
  const reply = isApplied(fault) ? perform() : undefined
  switch (fault.kind) {
    case "http":
      return write(response, { status: fault.status, body: fault.body ?? { message: "Server Error" } })
    case "html":
      response.writeHead(fault.status ?? 502, { "content-type": "text/html; charset=utf-8" }).end(HTML)
      return fault.status ?? 502
    case "truncated": {
      const text = JSON.stringify(reply?.body ?? {})
      response.writeHead(reply?.status ?? 200, { "content-type": "application/json" })
      response.end(text.slice(0, Math.floor(text.length / 2)))
      return reply?.status ?? 200
    }
    case "timeout":
      return 0
    case "reset":
      request.socket.destroy()
      return 0
  }
}

export const write = (response: ServerResponse, { body, headers, status }: Reply): number => {
  response
    .writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
    .end(JSON.stringify(body))
  return status
}
