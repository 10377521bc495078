import { Clock, Context, Deferred, Effect, Exit, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import * as Log from "../log/Log.ts"
import { cellZone, type MetricsFilter } from "../repo/metrics/filter.ts"
import { visitsRolledTo } from "../repo/metrics/read.ts"
import { MetricsRepo } from "../repo/MetricsRepo.ts"
import { type RollupState, RollupsRepo } from "../repo/RollupsRepo.ts"
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

/**
 * So long after a count began, questions no longer wait for the cells to take up what was written late: they are
 * answered from what the cells have, and the counting goes on.
 */
const patienceMs = 2_000
/** For a question that comes when the count has been under way for longer. */
const leastMs = 200

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
      const scope = yield* Effect.scope
      let running: Deferred.Deferred<boolean> | undefined
      let beganMs = 0

      /** Goes on when whoever asked has stopped waiting; all who ask meanwhile wait for the same run. */
      const refreshed = Effect.suspend(() => {
        if (running !== undefined) return Deferred.await(running)
        const done = Deferred.makeUnsafe<boolean>()
        running = done
        beganMs = performance.now()
        return rollups.refresh.pipe(
          Effect.as(true),
          Effect.catch((error) =>
            Effect.as(Log.recovered("Os números do funil ainda não contam o que acaba de mudar", error), false)
          ),
          Log.logged("A contagem do funil"),
          Effect.onExit((exit) => {
            running = undefined
            return Deferred.succeed(done, Exit.isSuccess(exit) && exit.value)
          }),
          Effect.forkIn(scope),
          Effect.andThen(Deferred.await(done))
        )
      })

      const settled: Effect.Effect<RollupState, SqlError.SqlError> = Effect.gen(function* () {
        for (;;) {
          const state = yield* rollups.state
          // A run that was under way may have begun before the last change.
          if (!state.stale || !(yield* refreshed)) return state
        }
      })

      const current = Effect.suspend(() => {
        const waitedMs = running === undefined ? 0 : performance.now() - beganMs
        return Effect.timeoutOption(settled, Math.max(leastMs, patienceMs - waitedMs))
      }).pipe(Effect.flatMap(Option.match({ onNone: () => rollups.state, onSome: Effect.succeed })))

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
