import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { rowsOf } from "./decode.ts"
import type { MetricsFilter } from "./metrics/filter.ts"
import * as queries from "./metrics/queries.ts"

export const StepRow = Schema.Struct({
  /** Null: the whole period. */
  key: Schema.NullOr(Schema.String),
  name: Schema.String,
  events: Schema.Int,
  people: Schema.Int
})

export const MoneyRow = Schema.Struct({
  key: Schema.NullOr(Schema.String),
  revenueCents: Schema.Int,
  payments: Schema.Int,
  refundedCents: Schema.Int
})

export const TimeRow = Schema.Struct({
  count: Schema.Int,
  p50: Schema.NullOr(Schema.Int),
  p90: Schema.NullOr(Schema.Int),
  p95: Schema.NullOr(Schema.Int)
})

type Rows<S extends Schema.Top> = Effect.Effect<ReadonlyArray<S["Type"]>, SqlError.SqlError>

/** The funnel's numbers, straight from the rows. */
export class MetricsRepo extends Context.Service<
  MetricsRepo,
  {
    readonly steps: (filter: MetricsFilter) => Rows<typeof StepRow>
    readonly money: (filter: MetricsFilter) => Rows<typeof MoneyRow>
    readonly timeToPix: (filter: MetricsFilter) => Rows<typeof TimeRow>
    readonly timeToPay: (filter: MetricsFilter) => Rows<typeof TimeRow>
    readonly timeInBot: (filter: MetricsFilter) => Rows<typeof TimeRow>
  }
>()("funil/repo/MetricsRepo") {
  static readonly layer = Layer.effect(
    MetricsRepo,
    Effect.map(SqlClient.SqlClient, (sql) => {
      const steps = rowsOf(StepRow)
      const money = rowsOf(MoneyRow)
      const times = rowsOf(TimeRow)
      return MetricsRepo.of({
        steps: Effect.fn("MetricsRepo.steps")((filter) => steps(queries.steps(sql, filter))),
        money: Effect.fn("MetricsRepo.money")((filter) => money(queries.money(sql, filter))),
        timeToPix: Effect.fn("MetricsRepo.timeToPix")((filter) => times(queries.timeToPix(sql, filter))),
        timeToPay: Effect.fn("MetricsRepo.timeToPay")((filter) => times(queries.timeToPay(sql, filter))),
        timeInBot: Effect.fn("MetricsRepo.timeInBot")((filter) => times(queries.timeInBot(sql, filter)))
      })
    })
  )
}
