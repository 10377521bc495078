import { Effect, Metric } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { PrometheusMetrics } from "effect/observability"
import { version } from "../../version.ts"
import { AdminAuth } from "../AdminAuth.ts"
import { problemResponse, unauthorized } from "../problem.ts"
import { isLoopback, nodeRequest } from "../request.ts"

const contentType = "text/plain; version=0.0.4; charset=utf-8"

const buildInfo = Metric.withAttributes(
  Metric.gauge("funil_build_info", { description: "Version of the running service" }),
  { version }
)
const memory = Metric.gauge("process_resident_memory_bytes", { description: "Resident memory size in bytes" })
const startTime = Metric.gauge("process_start_time_seconds", { description: "Start time since the epoch in seconds" })

/** Technical numbers for the operator's own monitoring: with the admin token, or asked from this machine. */
export const prometheus = Effect.gen(function* () {
  const auth = yield* AdminAuth
  const request = yield* HttpServerRequest.HttpServerRequest
  if (!isLoopback(nodeRequest(request)) && !auth.acceptsHeader(request.headers["authorization"])) {
    return problemResponse(unauthorized)
  }
  yield* Metric.update(buildInfo, 1)
  yield* Metric.update(memory, process.memoryUsage.rss())
  yield* Metric.update(startTime, Math.round(Date.now() / 1000 - process.uptime()))
  return HttpServerResponse.text(yield* PrometheusMetrics.format(), { contentType })
})
