import { PgClient } from "@effect/sql-pg"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { randomBytes } from "node:crypto"
import { inject } from "vitest"
import { Database } from "../../src/db/Database.ts"
import { databaseNamed, templateName } from "./names.ts"

/** A database of one's own on the server of this run, dropped at the end of the scope. */
export const freshDatabase = Effect.fnUntraced(function* (template: string) {
  const name = `teste_${randomBytes(6).toString("hex")}`
  yield* Effect.acquireRelease(
    asAdmin((sql) => sql`create database ${sql(name)} template ${sql(template)}`),
    // A process under test may still be connected.
    () => Effect.orDie(asAdmin((sql) => sql`drop database if exists ${sql(name)} with (force)`))
  )
  return Redacted.make(databaseNamed(inject("databaseUrl"), name))
})

const asAdmin = <A, E>(work: (sql: SqlClient.SqlClient) => Effect.Effect<A, E>) =>
  Effect.flatMap(SqlClient.SqlClient, work).pipe(
    Effect.provide(Database.layerUrl(Redacted.make(inject("databaseUrl"))), { local: true })
  )

const layerFrom = (template: string) => Layer.unwrap(Effect.map(freshDatabase(template), Database.layerUrl))

/** Every build of these layers is a new database: with our schema, or with nothing in it. */
export const TestDatabase = {
  layer: layerFrom(templateName),
  layerEmpty: layerFrom("template0")
}

/** For a process under test: `DATABASE_URL` of the database in use here. */
export const testDatabaseUrl: Effect.Effect<string, never, PgClient.PgClient> = Effect.map(
  PgClient.PgClient,
  ({ config }) => (config.url === undefined ? "" : Redacted.value(config.url))
)
