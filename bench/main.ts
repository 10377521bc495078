import { Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { Database } from "../src/db/Database.ts"
import { startEmbedded } from "../src/db/Embedded.ts"
import { Sandbox } from "../src/sandbox/Sandbox.ts"
import { ack } from "./ack.ts"
import { ackOneCore } from "./ackOneCore.ts"
import { composing } from "./compose.ts"
import { idle } from "./idle.ts"
import { lanes } from "./lanes.ts"
import type { Bench } from "./lib/bench.ts"
import { printed } from "./lib/figure.ts"
import { memory } from "./memory.ts"
import { metrics } from "./metrics.ts"
import { panel } from "./panel.ts"
import { pix } from "./pix.ts"
import { shots, shotsMillion } from "./shots.ts"
import { start } from "./start.ts"
import { startBesideShots } from "./startBesideShots.ts"

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false } },
  allowPositionals: true
})

const benches: Readonly<Record<string, Bench>> = {
  ack,
  ackOneCore,
  start,
  startBesideShots,
  pix,
  lanes,
  compose: composing,
  memory,
  idle,
  metrics,
  panel,
  shots,
  shotsMillion
}

/** Each benchmark on an empty, durable database and fresh stand-ins. */
const run = (bench: Bench) =>
  Effect.gen(function* () {
    const dir = yield* Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "funil-bench-db-"))),
      (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
    )
    const { url } = yield* startEmbedded({ dir: join(dir, "postgres") })
    const sandbox = yield* Sandbox
    return yield* Effect.provide(
      Effect.flatMap(SqlClient.SqlClient, (sql) =>
        Effect.promise(() => bench({ sandbox, sql, env: { ...sandbox.env, DATABASE_URL: Redacted.value(url) } }))
      ),
      Database.layerUrl(url)
    )
  }).pipe(
    Effect.provide(
      Layer.fresh(
        Sandbox.layerWith({
          telegram: { record: false, acceptUnknownChats: true },
          pushinpay: { record: false, qr: "tiny" }
        })
      )
    ),
    Effect.scoped
  )

const chosen = positionals.length === 0 ? Object.keys(benches) : positionals
for (const name of chosen) {
  const bench = benches[name]
  if (bench === undefined) throw new Error(`unknown benchmark ${name}; there are ${Object.keys(benches).join(", ")}`)
  for (const figure of await Effect.runPromise(run(bench))) {
    process.stdout.write(`${values.json ? JSON.stringify(figure) : printed(figure)}\n`)
  }
}
