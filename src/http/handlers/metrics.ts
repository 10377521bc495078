import { Clock, Effect, Option, Result } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Bots } from "../../bots/Bots.ts"
import { Metrics } from "../../metrics/Metrics.ts"
import { parsePeriod } from "../../metrics/period.ts"
import { Api } from "../api/Api.ts"
import { badParameters, orUnavailable, unknownBot } from "../errors.ts"

export const MetricsHandlers = HttpApiBuilder.group(Api, "metrics", (handlers) =>
  Effect.gen(function* () {
    const bots = yield* Bots
    const metrics = yield* Metrics

    return handlers.handle("funnel", ({ query }) =>
      Effect.gen(function* () {
        const { bot, from, group, to, tz, ...utm } = query
        if (bot !== undefined && Option.isNone(bots.find(bot))) return yield* Effect.fail(unknownBot)
        const now = yield* Clock.currentTimeMillis
        const period = parsePeriod({ from, to, tz }, new Date(now))
        if (Result.isFailure(period)) return yield* Effect.fail(badParameters(period.failure))
        return yield* orUnavailable(metrics.funnel({ ...period.success, bot, group, utm }))
      })
    )
  })
)
