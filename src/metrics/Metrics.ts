import { Clock, Context, Effect, Layer, Semaphore } from "effect"
import type { SqlError } from "effect/sql"
import * as Log from "../log/Log.ts"
import { cellZone, type MetricsFilter } from "../repo/metrics/filter.ts"
import { visitsRolledTo } from "../repo/metrics/read.ts"
import { MetricsRepo } from "../repo/MetricsRepo.ts"
import { RollupsRepo } from "../repo/RollupsRepo.ts"
import type { MetricsView } from "./model.ts"
import { daysOf, hoursOf, type TimeGroup } from "./period.ts"
import { planOf } from "./plan.ts"
import { viewOf } from "./view.ts"

export {
  funnelSteps,
  type MetricsFilter,
  type MetricsGroup,
  metricsGroups,
  type UtmName,
  utmNames
} from "../repo/metrics/filter.ts"

/** A question waits this long for the cells to take up what was written late; then it is answered from what they have. */
const patience = "5 seconds"

/** The funnel of one bot or of all, over a period (contract, section 5; docs/metrics.md). */
export class Metrics extends Context.Service<
  Metrics,
  { readonly funnel: (filter: MetricsFilter) => Effect.Effect<MetricsView, SqlError.SqlError> }
>()("funil/metrics/Metrics") {
  static readonly layer = Layer.effect(
    Metrics,
    Effect.gen(function* () {
      const repo = yield* MetricsRepo
      const rollups = yield* RollupsRepo
      const one = yield* Semaphore.make(1)

      const current = Effect.gen(function* () {
        const state = yield* rollups.state
        if (!state.stale) return state
        yield* Semaphore.withPermit(
          one,
          // Whoever waited in front may have done it.
          Effect.flatMap(rollups.state, ({ stale }) => (stale ? rollups.refresh : Effect.void))
        ).pipe(
          Effect.catch((error) => Log.recovered("Os números do funil ainda não contam o que acaba de mudar", error)),
          Effect.timeoutOption(patience)
        )
        return yield* rollups.state
      })

      const funnel = Effect.fn("Metrics.funnel")(function* (filter: MetricsFilter) {
        const state = yield* current
        const groups = groupsOf(filter)
        const reading = { filter, windows: state.windows }
        const visitsEnd = visitsRolledTo(state.rolledTo)
        const rows = yield* Effect.all(
          {
            answer: repo.answer({
              ...reading,
              rolledTo: state.rolledTo,
              plan: planFor(filter, state.rolledTo),
              groups:
                filter.group === undefined
                  ? undefined
                  : { borders: groups?.map((group) => group.from), plan: planFor(filter, state.rolledTo, groups) }
            }),
            visits: repo.visits({
              ...reading,
              rolledTo: visitsEnd,
              plan: planFor(filter, visitsEnd),
              groups: undefined
            })
          },
          { concurrency: "unbounded" }
        )
        const now = yield* Clock.currentTimeMillis
        return viewOf({
          filter,
          total: rows.answer.whole,
          groups: rows.answer.groups,
          times: [...rows.answer.times, ...rows.visits],
          spans: groups,
          settledBefore: new Date(now - state.windows.settled_seconds * 1000)
        })
      })

      return Metrics.of({ funnel })
    })
  )
}

const groupsOf = (filter: MetricsFilter): ReadonlyArray<TimeGroup> | undefined =>
  filter.group === "day" ? daysOf(filter) : filter.group === "hour" ? hoursOf(filter) : undefined

const planFor = (filter: MetricsFilter, rolledTo: Date | undefined, groups?: ReadonlyArray<TimeGroup>) =>
  planOf({
    from: filter.from,
    to: filter.to,
    rolledTo,
    borders: groups?.map((group) => group.from),
    coarsest: groups === undefined ? "m" : filter.group === "day" && filter.tz === cellZone ? "d" : "h"
  })
