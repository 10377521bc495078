import { Effect, Option, Schema } from "effect"

/**
 * Rows of a query, checked against their schema. A row that does not fit is our own fault, so it is a defect: as a
 * `SchemaError` the HTTP edge would blame the client for it.
 */
export const rowsOf = <A>(schema: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownEffect(Schema.Array(schema))
  return <E, R>(query: Effect.Effect<ReadonlyArray<unknown>, E, R>): Effect.Effect<ReadonlyArray<A>, E, R> =>
    Effect.flatMap(query, (rows) => Effect.orDie(decode(rows)))
}

export const firstOf = <A>(schema: Schema.Codec<A, unknown>) => {
  const rows = rowsOf(schema)
  return <E, R>(query: Effect.Effect<ReadonlyArray<unknown>, E, R>): Effect.Effect<Option.Option<A>, E, R> =>
    Effect.map(rows(query), (found) => Option.fromUndefinedOr(found[0]))
}
