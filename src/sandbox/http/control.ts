import { Cause, Effect, Exit, Schema } from "effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import { SandboxError } from "../SandboxError.ts"
import { readBody } from "./body.ts"
import { decodePart } from "./decode.ts"

/** The path under which every stand-in can be driven by another program. */
export const CONTROL_PREFIX = "/__sandbox"

export interface ControlInput {
  readonly path: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly body: unknown
}

/** An answer that is not JSON, such as an uploaded picture. */
export class Bytes {
  readonly bytes: Uint8Array
  readonly contentType: string
  constructor(bytes: Uint8Array, contentType: string) {
    this.bytes = bytes
    this.contentType = contentType
  }
}

export interface ControlRoute {
  readonly method: "GET" | "POST" | "DELETE"
  readonly pattern: ReadonlyArray<string>
  readonly run: (input: ControlInput) => Effect.Effect<unknown, SandboxError>
}

/** `route("POST", "/charges/:id/pay", …)`; what the handler answers goes out as JSON, nothing as `{"ok":true}`. */
export const route = (method: ControlRoute["method"], pattern: string, run: ControlRoute["run"]): ControlRoute => ({
  method,
  pattern: pattern.split("/").slice(1),
  run
})

/** A route whose JSON body is decoded by a schema first. */
export const routeWith = <S extends Schema.ConstraintDecoder<unknown>>(
  method: ControlRoute["method"],
  pattern: string,
  schema: S,
  run: (body: S["Type"], input: ControlInput) => Effect.Effect<unknown, SandboxError>
): ControlRoute => {
  const decode = Schema.decodeUnknownEffect(schema)
  return route(method, pattern, (input) =>
    decode(input.body).pipe(
      Effect.mapError((error) => new SandboxError({ reason: "invalid", message: error.message })),
      Effect.flatMap((body) => run(body, input))
    )
  )
}

/** Answers one control request. */
export const control =
  (routes: ReadonlyArray<ControlRoute>) =>
  (request: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(request.url ?? "/", "http://sandbox")
    if (request.method === "OPTIONS") return write(response, 204, undefined)
    const parts = url.pathname.slice(CONTROL_PREFIX.length).split("/").slice(1)
    for (const candidate of routes) {
      const path = candidate.method === request.method ? match(candidate.pattern, parts) : undefined
      if (path === undefined) continue
      return readBody(request, { maxBytes: 64 * 1024 * 1024, keepUploads: false }, (body) => {
        if (typeof body === "string") return write(response, 400, { error: "bad_body", message: "O corpo não é JSON." })
        Effect.runFork(candidate.run({ path, query: url.searchParams, body: body.params })).addObserver((exit) =>
          answer(response, exit)
        )
      })
    }
    write(response, 404, { error: "not_found", message: "Essa rota de controle não existe." })
  }

const match = (pattern: ReadonlyArray<string>, parts: ReadonlyArray<string>): Record<string, string> | undefined => {
  if (pattern.length !== parts.length) return undefined
  const path: Record<string, string> = {}
  for (const [index, piece] of pattern.entries()) {
    const part = parts[index] ?? ""
    if (piece.startsWith(":")) path[piece.slice(1)] = decodePart(part)
    else if (piece !== part) return undefined
  }
  return path
}

const STATUS = { unknown: 404, invalid: 422, timeout: 408, listen: 500, not_possible: 409 } as const

const answer = (response: ServerResponse, exit: Exit.Exit<unknown, SandboxError>): void => {
  if (Exit.isSuccess(exit)) return write(response, 200, exit.value ?? { ok: true })
  const error = Cause.squash(exit.cause)
  if (error instanceof SandboxError) {
    return write(response, STATUS[error.reason], { error: error.reason, message: error.message })
  }
  write(response, 500, { error: "defect", message: Cause.pretty(exit.cause) })
}

const write = (response: ServerResponse, status: number, body: unknown): void => {
  if (response.destroyed) return
  // The simulator's page is served from another port.
  const headers = { "access-control-allow-origin": "*", "access-control-allow-headers": "content-type" }
  if (body instanceof Bytes) {
    response.writeHead(status, { ...headers, "content-type": body.contentType }).end(body.bytes)
  } else {
    response
      .writeHead(status, { ...headers, "content-type": "application/json" })
      .end(body === undefined ? undefined : JSON.stringify(body))
  }
}
