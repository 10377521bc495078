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
 * answered from what the cells have, say so (`recounting`), and the counting goes on. Within it a few hundred thousand
 * imported events are counted.
 */
const patienceMs = 10_000
/** For a question that comes when the count has been under way for longer. */
const leastMs = 200
/** Questions have what came meanwhile counted at most so often. */
const advanceEveryMs = 1_000

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

      let advancedMs = -advanceEveryMs
      /** What came since is counted behind the answer, so that the next question need not read it. */
      const advanced = Effect.suspend(() => {
        if (running !== undefined || performance.now() - advancedMs < advanceEveryMs) return Effect.void
        advancedMs = Infinity
        return rollups.advance().pipe(
          Effect.catch((error) => Effect.asVoid(Log.recovered("O funil dos últimos minutos demora mais", error))),
          Log.logged("A contagem dos últimos minutos do funil"),
          Effect.ensuring(Effect.sync(() => void (advancedMs = performance.now()))),
          Effect.forkIn(scope),
          Effect.asVoid
        )
      })

      const funnel = Effect.fn("Metrics.funnel")(function* (filter: MetricsFilter) {
        const state = yield* current
        const groups = groupsOf(filter)
        const reading = { filter, windows: state.windows }
        const rows = yield* Effect.all(
          {
            answer: repo.answer({
              ...reading,
              rolledTo: state.rolledTo,
              plan: planFor(filter, state),
              groups:
                filter.group === undefined
                  ? undefined
                  : { borders: groups?.map((group) => group.from), plan: planFor(filter, state, groups) }
            }),
            visits: repo.visits({ ...reading, ...visitsFor(filter, state), groups: undefined })
          },
          { concurrency: "unbounded" }
        )
        if (filter.to > (state.recentTo ?? state.rolledTo ?? filter.to)) yield* advanced
        const now = yield* Clock.currentTimeMillis
        return viewOf({
          filter,
          total: rows.answer.whole,
          groups: rows.answer.groups,
          times: [...rows.answer.times, ...rows.visits],
          spans: groups,
          recounting: state.stale,
          settledBefore: new Date(now - state.windows.settled_seconds * 1000)
        })
      })

      return Metrics.of({ funnel })
    })
  )
}

const groupsOf = (filter: MetricsFilter): ReadonlyArray<TimeGroup> | undefined =>
  filter.group === "day" ? daysOf(filter) : filter.group === "hour" ? hoursOf(filter) : undefined

const planFor = (
  filter: MetricsFilter,
  { recentTo, rolledTo }: Pick<RollupState, "recentTo" | "rolledTo">,
  groups?: ReadonlyArray<TimeGroup>
) =>
  planOf({
    from: filter.from,
    to: filter.to,
    rolledTo,
    recentTo,
    borders: groups?.map((group) => group.from),
    coarsest: groups === undefined ? "m" : filter.group === "day" && filter.tz === cellZone ? "d" : "h"
  })

/** What visits that are over say is in the cells; of those that may go on, in `metrics_visits`, as far as that reaches. */
const visitsFor = (filter: MetricsFilter, { rolledTo, visitsTo }: RollupState) => {
  const end = visitsRolledTo(rolledTo)
  const past = { rolledTo: end, recentTo: undefined }
  if (end === undefined || visitsTo === undefined || visitsTo <= end || filter.to <= end) {
    return { rolledTo: end, plan: planFor(filter, past) }
  }
  return {
    rolledTo: end,
    plan: planFor({ ...filter, to: end }, past),
    open: { from: new Date(Math.max(+filter.from, +end)), to: filter.to, since: visitsTo }
  }
}
