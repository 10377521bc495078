import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { createServer } from "node:net"
import { inject } from "vitest"
import { Config } from "../../src/config.ts"
import { Database, DatabaseError } from "../../src/db/Database.ts"
import { folder, isServing, serverPid } from "../support/embedded.ts"
import { databaseNamed } from "../support/names.ts"
import { TestDatabase } from "../support/postgres.ts"

const connect = (url: string) =>
  Effect.provide(SqlClient.SqlClient, Database.layerUrl(Redacted.make(url)), { local: true })

/** A port on which nobody listens. */
const closedPort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

describe("the database", () => {
  it.live("limits what a session may do, and speaks UTC", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const [row] = yield* sql`
        select current_setting('statement_timeout') as statement, current_setting('timezone') as zone,
          current_setting('idle_in_transaction_session_timeout') as idle, current_setting('application_name') as name`
      assert.deepStrictEqual(row, { statement: "10s", zone: "UTC", idle: "15s", name: "funil" })
    }).pipe(Effect.provide(TestDatabase.layer))
  )

  it.live("that does not answer stops the start with a sentence that names no secret", () =>
    Effect.gen(function* () {
      const port = yield* closedPort
      const error = yield* Effect.flip(connect(`postgresql://funil:segredo@127.0.0.1:${port}/funil`))
      assert.instanceOf(error, DatabaseError)
      assert.isTrue(error.retryable)
      assert.match(error.message, /^Não consegui usar o banco de dados: o servidor não respondeu; .*DATABASE_URL/)
      assert.notInclude(error.message, "segredo")
    })
  )

  it.live("that does not exist, or does not know us, says so", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(connect(databaseNamed(inject("databaseUrl"), "nao_existe")))
      assert.include(missing.message, 'database "nao_existe" does not exist')
      assert.isFalse(missing.retryable)
    })
  )

  it.live("is the embedded one in the data folder when no address is given", () =>
    Effect.gen(function* () {
      const path = yield* folder(0o755)
      const dir = `${path}/data/postgres`
      const config = Layer.effect(
        Config,
        Effect.map(Config, (given) => Config.of({ ...given, dataDir: `${path}/data` }))
      ).pipe(Layer.provide(Config.layerFrom({ ADMIN_TOKEN: "um-token-de-teste", ENCRYPTION_KEY: "00".repeat(32) })))
      const pid = yield* Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        assert.deepStrictEqual(yield* sql`select current_database() as name`, [{ name: "funil" }])
        return serverPid(dir)!
      }).pipe(Effect.provide(Database.layer.pipe(Layer.provide(config))))
      assert.isFalse(isServing(pid, dir))
    })
  )
})
