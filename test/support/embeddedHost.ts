// A process that keeps an embedded database running: node embeddedHost.ts <folder>. It prints the address when it is
// up, and when it is asked to stop, whether the database still answered.
import { NodeRuntime } from "@effect/platform-node"
import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { Database } from "../../src/db/Database.ts"
import { startEmbedded } from "../../src/db/Embedded.ts"

const say = (line: string) => Effect.sync(() => process.stdout.write(`${line}\n`))

Effect.gen(function* () {
  const { url } = yield* startEmbedded({ dir: process.argv[2] ?? "", fsync: false })
  const work = Effect.gen(function* () {
    yield* say(`url ${Redacted.value(url)}`)
    return yield* Effect.never
  }).pipe(
    Effect.onInterrupt(() =>
      Effect.flatMap(SqlClient.SqlClient, (sql) =>
        Effect.flatMap(Effect.exit(sql`select 1`), (exit) => say(`last query: ${exit._tag}`))
      )
    )
  )
  return yield* Effect.provide(work, Database.layerUrl(url))
}).pipe(Effect.scoped, NodeRuntime.runMain)
