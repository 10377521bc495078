import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError, type Statement } from "effect/sql"
import { rowsOf } from "./decode.ts"
import { countedSources } from "./eventSources.ts"
import { freshFacts, freshVisits } from "./metrics/fresh.ts"
import { isBroad, type ReadPlan, type Reading as FullReading } from "./metrics/parts.ts"
import * as read from "./metrics/read.ts"
import { visitTimes } from "./metrics/times.ts"

const Count = Schema.Array(Schema.Int)

export const CountRow = Schema.Struct({
  /** Null: the whole period. A group that is a span of time is named by its number, from 1. */
  key: Schema.NullOr(Schema.String),
  /** The five steps of the funnel, then the organic starts. */
  events: Count,
  units: Count,
  payments: Schema.Int,
  revenueCents: Schema.Int,
  refundedCents: Schema.Int
})
export type CountRow = typeof CountRow.Type

export const TimeRow = Schema.Struct({
  /** p: to PIX, v: to payment, b: in the bot. */
  kind: Schema.Literals(["p", "v", "b"]),
  count: Schema.Int,
  p50: Schema.Int,
  p90: Schema.Int,
  p95: Schema.Int
})
export type TimeRow = typeof TimeRow.Type

const Answer = Schema.Struct({
  whole: Schema.Array(CountRow),
  groups: Schema.Array(CountRow),
  times: Schema.Array(TimeRow)
})

type Sql<A> = Effect.Effect<A, SqlError.SqlError>
type Reading = Omit<FullReading, "sources" | "broad">

/** The funnel's numbers, from its cells and, where those do not reach, from the rows. */
export class MetricsRepo extends Context.Service<
  MetricsRepo,
  {
    readonly answer: (reading: Reading) => Sql<typeof Answer.Type>
    readonly visits: (reading: Reading) => Sql<ReadonlyArray<TimeRow>>
  }
>()("funil/repo/MetricsRepo") {
  static readonly layer = Layer.effect(
    MetricsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const sources = yield* Effect.cachedWithTTL(countedSources(sql), "10 seconds")
      const answers = rowsOf(Answer)
      const times = rowsOf(TimeRow)
      /**
       * Its own memory, as ten thousands of cells do not fit into the default; no compiling, which the cost of tables
       * that are then not read would set off; and one core, which on two is as fast and half the work. `planned`: once
       * for all questions.
       */
      const roomy = <A>(work: Sql<A>, planned: "auto" | "force_generic_plan" = "auto") =>
        sql.withTransaction(
          Effect.andThen(
            sql`
              select set_config('work_mem', '32MB', true), set_config('jit', 'off', true),
                set_config('max_parallel_workers_per_gather', '0', true), set_config('plan_cache_mode', ${planned}, true)`,
            work
          )
        )
      const fresh = Effect.fnUntraced(function* (
        plan: ReadPlan,
        statement: () => Statement.Statement<{ readonly rows: string | null }>
      ) {
        if (plan.spans.length === 0) return undefined
        const [found] = yield* roomy(statement(), "force_generic_plan")
        return found?.rows
      })
      const completed = Effect.fnUntraced(function* (asked: Reading) {
        const question = isBroad(sql, asked.filter, [
          asked.plan,
          ...(asked.groups === undefined ? [] : [asked.groups.plan])
        ])
        const [found] = question === undefined ? [] : yield* question
        return { ...asked, sources: yield* sources, broad: found?.broad === true }
      })
      return MetricsRepo.of({
        answer: Effect.fn("MetricsRepo.answer")(function* (asked) {
          const reading = yield* completed(asked)
          const rows = yield* fresh(asked.groups?.plan ?? asked.plan, () => freshFacts(sql, reading))
          const [row] = yield* roomy(answers(read.answer(sql, reading, rows).unprepared))
          return row ?? { whole: [], groups: [], times: [] }
        }),
        visits: Effect.fn("MetricsRepo.visits")(function* (asked) {
          const reading = yield* completed(asked)
          const inCells = asked.plan.spans.length === 0 && asked.open === undefined
          const [found] = inCells ? [] : yield* roomy(freshVisits(sql, reading), "force_generic_plan")
          return yield* roomy(times(visitTimes(sql, reading, found?.bins).unprepared))
        })
      })
    })
  )
}
