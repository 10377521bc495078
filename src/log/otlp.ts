import { NodeHttpClient } from "@effect/platform-node"
import { Effect, Layer, Option, References } from "effect"
import { HttpClient } from "effect/http"
import { OtlpExporter, OtlpMetrics, OtlpSerialization, OtlpTracer } from "effect/observability"
import { Config } from "../config.ts"
import { version } from "../version.ts"
import { collectorClient } from "./otlp/collector.ts"
import { safeSpans } from "./otlp/safeSpans.ts"

/** What is not sent by then is lost: the stop as a whole has 10 s, and buyers come first. */
const shutdownTimeout = "1 second"

/** Traces and metrics to a collector, over whichever client. */
export const otlpLayerWith = (endpoint: string): Layer.Layer<never, never, HttpClient.HttpClient> => {
  const options = { resource: { serviceName: "funil", serviceVersion: version }, shutdownTimeout } as const
  return Layer.merge(
    safeSpans(OtlpTracer.layer({ ...options, url: `${endpoint}/v1/traces` })),
    Layer.effectDiscard(OtlpMetrics.make({ ...options, url: `${endpoint}/v1/metrics` })).pipe(
      Layer.provide(OtlpExporter.layerFlusher)
    )
  ).pipe(
    Layer.provide(collectorClient(endpoint)),
    Layer.provide(OtlpSerialization.layerJson),
    Layer.provide(Layer.succeed(HttpClient.TracerDisabledWhen, () => true))
  )
}

/** Connections of its own: nobody who waits for an answer shares them. */
const ownClient = NodeHttpClient.layerUndiciOptions({ connections: 2, connect: { timeout: 3_000 } })

/**
 * To the collector of `OTEL_EXPORTER_OTLP_ENDPOINT`; without it, nothing at all. To be provided to the whole service,
 * so that every span is seen.
 */
export const OtlpLayer = Layer.unwrap(
  Effect.map(Config, ({ logLevel, otlpEndpoint }) => {
    // Nobody sees the spans then, and a span costs a fifth of a call to Telegram (8 of 40 µs).
    if (Option.isNone(otlpEndpoint)) return Layer.succeed(References.TracerEnabled, false)
    // The exporter reports its rests at DEBUG, in its own words.
    const quiet = logLevel === "debug" ? Layer.succeed(References.MinimumLogLevel, "Info") : Layer.empty
    return otlpLayerWith(otlpEndpoint.value).pipe(Layer.provide([ownClient, quiet]))
  })
)
