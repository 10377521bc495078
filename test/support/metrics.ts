import { Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"

/** The value of one series in Prometheus' text; 0 while there is none. */
export const valueOf = (text: string, series: string): number =>
  Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${series} `))
      ?.split(" ")
      .at(-1) ?? 0
  )

/** How much series of this process grow from here on. */
export const growth = Effect.map(
  PrometheusMetrics.format(),
  (before) => (series: string) =>
    Effect.map(PrometheusMetrics.format(), (after) => valueOf(after, series) - valueOf(before, series))
)
