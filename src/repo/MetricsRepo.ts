import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { rowsOf } from "./decode.ts"
import { eventSources } from "./eventSources.ts"
import * as read from "./metrics/read.ts"

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

type Sql<A> = Effect.Effect<ReadonlyArray<A>, SqlError.SqlError>
type Reading = Omit<read.Reading, "sources">

/** The funnel's numbers, from its cells and, where those do not reach, from the rows. */
export class MetricsRepo extends Context.Service<
  MetricsRepo,
  {
    readonly counts: (reading: Reading) => Sql<CountRow>
    readonly times: (reading: Reading, kinds: ReadonlyArray<"p" | "v" | "b">) => Sql<TimeRow>
  }
>()("funil/repo/MetricsRepo") {
  static readonly layer = Layer.effect(
    MetricsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const sources = yield* Effect.cached(eventSources(sql))
      const counts = rowsOf(CountRow)
      const times = rowsOf(TimeRow)
      return MetricsRepo.of({
        counts: Effect.fn("MetricsRepo.counts")((reading) =>
          Effect.flatMap(sources, (found) => counts(read.counts(sql, { ...reading, sources: found }).unprepared))
        ),
        times: Effect.fn("MetricsRepo.times")((reading, kinds) =>
          Effect.flatMap(sources, (found) => times(read.times(sql, { ...reading, sources: found }, kinds).unprepared))
        )
      })
    })
  )
}
