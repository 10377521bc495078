import { Cause, Effect, type Types } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { detailOf } from "../log/Log.ts"
import { causeProblem } from "./errors.ts"
import { FloodGuard } from "../log/FloodGuard.ts"
import { problemResponse } from "./problem.ts"
import { nodeRequest, requestIdOf } from "./request.ts"

/**
 * Around every route but the Telegram lane: one `request_id` on every log line and on the answer, a JSON answer to
 * whatever was not caught, one ERROR line when that is our fault, and the headers that keep browsers from guessing.
 * No CORS: no page of another host has business here.
 */
export const Edge = HttpRouter.middleware(
  Effect.map(
    FloodGuard,
    (flood) => (handler) =>
      Effect.gen(function* () {
        const request = yield* HttpServerRequest.HttpServerRequest
        const requestId = requestIdOf(nodeRequest(request))
        // The pattern, not the address: that may hold the secret of a charge.
        const { route } = yield* HttpRouter.RouteContext
        const what = `${request.method} ${route.path}`
        const answered = Effect.catchCause(handler, (cause) => answerTo(cause, what, flood))
        const response = yield* Effect.annotateLogs(answered, "request_id", requestId)
        return withHeaders(response, requestId)
      })
  )
).layer

/** Last resort, around the router itself: an address that no route can even be looked up for (`/%ff`). */
export const LastResort = HttpRouter.middleware(
  (handler) =>
    Effect.catchCause(handler, (cause): Handled =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.failCause(cause as Cause.Cause<never>)
        : Effect.succeed(problemResponse(causeProblem(cause)))
    ),
  { global: true }
)

type Handled = Effect.Effect<HttpServerResponse.HttpServerResponse, Types.unhandled>

const answerTo = (cause: Cause.Cause<unknown>, what: string, flood: FloodGuard["Service"]): Handled => {
  // Nobody is there any more, or we are stopping: the server has its own answer to both.
  if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
  const problem = causeProblem(cause)
  const response = Effect.succeed(problemResponse(problem))
  if (problem.error === "internal") {
    return Effect.andThen(Effect.logError(`[ERRO] Falha ao atender ${what}: ${detailOf(cause)}`), response)
  }
  if (problem.error === "unavailable") {
    return Effect.andThen(flood.warn("edge:unavailable", `Não atendi ${what}: ${problem.message}`), response)
  }
  return response
}

const withHeaders = (response: HttpServerResponse.HttpServerResponse, requestId: string) =>
  HttpServerResponse.setHeaders(response, {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    ...(response.status === 401 ? { "www-authenticate": "Bearer" } : {}),
    // What a handler decided itself stands.
    ...response.headers,
    "x-request-id": requestId
  })
