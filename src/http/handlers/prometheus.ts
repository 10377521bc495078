import { Effect } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { Vitals } from "../../metrics/Vitals.ts"
import { AdminAuth } from "../AdminAuth.ts"
import { problemResponse, unauthorized } from "../problem.ts"
import { isLoopback, nodeRequest } from "../request.ts"

const contentType = "text/plain; version=0.0.4; charset=utf-8"

/** Technical numbers for the operator's own monitoring: with the admin token, or asked from this machine. */
export const prometheus = Effect.gen(function* () {
  const auth = yield* AdminAuth
  const vitals = yield* Vitals
  const request = yield* HttpServerRequest.HttpServerRequest
  if (!isLoopback(nodeRequest(request)) && !auth.acceptsHeader(request.headers["authorization"])) {
    return problemResponse(unauthorized)
  }
  yield* vitals.refresh
  return HttpServerResponse.text(yield* PrometheusMetrics.format(), { contentType })
})
