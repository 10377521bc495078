import { Effect } from "effect"
import type { SqlClient } from "effect/sql"

/** As autovacuum leaves tables that grew over a year; what was written a minute ago is read more slowly. */
export const vacuumed = (sql: SqlClient.SqlClient) =>
  Effect.scoped(
    Effect.gen(function* () {
      const connection = yield* sql.reserve
      yield* connection.executeUnprepared("set statement_timeout = 0", [], undefined)
      yield* connection.executeUnprepared("vacuum analyze", [], undefined)
    })
  )
