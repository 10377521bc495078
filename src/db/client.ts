import { PgClient, type PgConnection, PgPool } from "@effect/sql-pg"
import { Effect, type Scope } from "effect"
import { SqlClient, type SqlConnection, SqlError } from "effect/sql"
import { telemetry } from "../log/telemetry.ts"
import { makePlaces } from "./places.ts"

export interface ClientOptions extends PgClient.PgPoolConfig {
  readonly maxConnections: number
  /** For a free connection; the driver's pool lets people wait without end. */
  readonly longestWaitMs: number
  /** Shown in the metrics as the pool of this process. */
  readonly shown?: boolean
}

/** The driver's client over a pool of its own, so that the wait for a free connection ends with a typed error. */
export const makeClient = Effect.fnUntraced(function* (options: ClientOptions) {
  const base = yield* PgClient.make({ ...options, minConnections: 0 })
  const pool = yield* PgPool.make(options)
  const places = yield* makePlaces(options.maxConnections, options.longestWaitMs)
  if (options.shown === true) {
    yield* telemetry.databasePlaces.watch({ state: "in_use" }, places.taken)
    yield* telemetry.databasePlaces.watch({ state: "free" }, () => options.maxConnections - places.taken())
    yield* telemetry.databasePlaces.watch({ state: "waiting" }, places.waiting)
  }

  const borrower: SqlConnection.Borrower = (work) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.andThen(
        places.enter(restore),
        Effect.onExit(restore(pool.use((connection) => work(statements(connection)))), () => places.leave)
      )
    )
  const checkout = (get: Effect.Effect<PgConnection.PgConnection, SqlError.SqlError, Scope.Scope>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.andThen(
        places.enter(restore),
        Effect.addFinalizer(() => places.leave)
      )
    ).pipe(Effect.andThen(get), Effect.map(statements))

  const client = yield* SqlClient.make({
    driver: "pg",
    acquirer: checkout(pool.get),
    borrower,
    transactionAcquirer: checkout(pool.reserve),
    compiler: PgClient.makeCompiler(),
    prepareTransactionControls: true,
    commit,
    releaseSavepoint: (name) => `RELEASE SAVEPOINT ${name}`,
    spanAttributes: [["db.system.name", "postgresql"]]
  })
  const { config, json, listen, notify } = base
  return Object.assign(client, { [PgClient.TypeId]: PgClient.TypeId, config, json, listen, notify })
})

/** The driver keeps its own version of this to itself. We use no row transforms. */
const statements = (connection: PgConnection.PgConnection): SqlConnection.Connection => {
  const rows = (sql: string, params: ReadonlyArray<unknown>, prepare: boolean) =>
    Effect.map(connection.query(sql, params, prepare), (result) => result.rows)
  return {
    execute: (sql, params) => rows(sql, params, true),
    executeUnprepared: (sql, params) => rows(sql, params, false),
    executeRaw: (sql, params) => connection.query(sql, params),
    executeValues: (sql, params) => connection.queryValues(sql, params),
    executeValuesUnprepared: (sql, params) => connection.queryValues(sql, params, false),
    executeStream: (sql, params) => connection.stream(sql, params)
  }
}

/** PostgreSQL answers the COMMIT of a failed transaction with ROLLBACK, and no error. */
const commit = (connection: SqlConnection.Connection) =>
  Effect.flatMap(connection.executeRaw("COMMIT", []), (result) =>
    (result as PgConnection.Result).command === "ROLLBACK" ? Effect.fail(rolledBack()) : Effect.void
  )

const rolledBack = () =>
  new SqlError.SqlError({
    reason: new SqlError.UnknownError({
      cause: new Error("COMMIT rolled back an aborted transaction"),
      message: "COMMIT rolled back an aborted transaction",
      operation: "commit"
    })
  })
