import { Effect, Exit, Redacted, Scope } from "effect"
import { SqlClient } from "effect/sql"
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { Database } from "../../src/db/Database.ts"
import { startEmbedded } from "../../src/db/Embedded.ts"
import { filesOf } from "../../src/db/embedded/files.ts"
import { findRunning, isAlive, stop } from "../../src/db/embedded/postmaster.ts"
import { migrate } from "../../src/db/Migrations.ts"
import { ensurePartitions } from "../../src/db/Partitions.ts"
import { databaseNamed, templateName } from "./names.ts"

declare module "vitest" {
  interface ProvidedContext {
    /** Address of the test server's maintenance database. */
    readonly databaseUrl: string
  }
}

const prefix = "funil-teste-"

/**
 * One server for the whole run, with a migrated database that every test gets a copy of. It is embedded, unless
 * TEST_DATABASE_URL names another one (its maintenance database, as a superuser): that is how PostgreSQL 15 is tested.
 */
export default async function setup(project: TestProject) {
  const scope = Scope.makeUnsafe()
  await Effect.runPromise(removeAbandoned)
  const given = process.env["TEST_DATABASE_URL"]
  const url = given ?? (await Effect.runPromise(Scope.provide(startServer, scope)))
  await Effect.runPromise(makeTemplate(url))
  project.provide("databaseUrl", url)
  return () => Effect.runPromise(Scope.close(scope, Exit.void))
}

const startServer = Effect.gen(function* () {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  // Of mode 700 it would be closed to the user that root runs the server as; that case has a test of its own.
  chmodSync(folder, 0o755)
  const { url } = yield* startEmbedded({ dir: join(folder, "postgres"), fsync: false, maxConnections: 300 })
  return databaseNamed(Redacted.value(url), "postgres")
})

const makeTemplate = Effect.fnUntraced(function* (url: string) {
  yield* Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    yield* sql`drop database if exists ${sql(templateName)}`
    yield* sql`create database ${sql(templateName)}`
  }).pipe(Effect.provide(Database.layerUrl(Redacted.make(url))))
  yield* Effect.andThen(migrate(), ensurePartitions()).pipe(
    Effect.provide(Database.layerUrl(Redacted.make(databaseNamed(url, templateName))))
  )
})

/** A run that was killed could not stop its server. */
const removeAbandoned = Effect.gen(function* () {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    if (isAlive(Number(name.slice(prefix.length).split("-")[0]))) continue
    const files = filesOf(join(tmpdir(), name, "postgres"))
    const running = findRunning(files)
    if (running !== undefined) yield* stop(files, running.pid)
    rmSync(join(tmpdir(), name), { recursive: true, force: true })
  }
})
