import { Clock, Effect, Option, Result, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { Bots } from "../../bots/Bots.ts"
import { funnelSteps, Metrics } from "../../metrics/Metrics.ts"
import type { GroupView, MetricsView } from "../../metrics/model.ts"
import { parsePeriod } from "../../metrics/period.ts"
import { Api } from "../api/Api.ts"
import { csvLine } from "../csv.ts"
import { badParameters, orUnavailable, unknownBot } from "../errors.ts"

export const MetricsHandlers = HttpApiBuilder.group(Api, "metrics", (handlers) =>
  Effect.gen(function* () {
    const bots = yield* Bots
    const metrics = yield* Metrics

    return handlers.handle("funnel", ({ query }) =>
      Effect.gen(function* () {
        const { bot, format, from, group, to, tz, ...utm } = query
        if (bot !== undefined && Option.isNone(bots.find(bot))) return yield* Effect.fail(unknownBot)
        const now = yield* Clock.currentTimeMillis
        const period = parsePeriod({ from, to, tz }, new Date(now))
        if (Result.isFailure(period)) return yield* Effect.fail(badParameters(period.failure))
        const view = yield* orUnavailable(metrics.funnel({ ...period.success, bot, group, utm }))
        return format === "csv" ? sheet(view, group) : view
      })
    )
  })
)

const figures = ["events", "unique", "conversion", "step_conversion"] as const

const columns = [
  "key",
  ...funnelSteps.flatMap((step) => figures.map((figure) => `${step}_${figure}`)),
  "revenue_cents",
  "refunded_cents"
]

const cellsOf = ({ funnel, key, refunded_cents, revenue_cents }: GroupView) => [
  key,
  ...funnel.flatMap((step) => figures.map((figure) => step[figure])),
  revenue_cents,
  refunded_cents
]

/** One line per group, or the whole as one line. */
const sheet = (view: MetricsView, group: string | undefined) => {
  const rows = group === undefined ? [{ ...view, key: "total" }] : view.groups
  const lines = Stream.map(Stream.fromIterable([columns, ...rows.map(cellsOf)]), csvLine)
  return HttpServerResponse.stream(Stream.encodeText(lines), { contentType: "text/csv; charset=utf-8" })
}
