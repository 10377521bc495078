// The peer of the shots benchmark: graphile-worker with tasks that do nothing, as it comes or with its batches. Plain
// JavaScript, because it is no dependency of ours: `npm install --no-save graphile-worker@0.18.0` brings it for a run.
import { Pool } from "pg"
import { Logger, run, runMigrations } from "graphile-worker"

const [connectionString = "", mode, count = "100000"] = process.argv.slice(2)
const total = Number(count)
const batched = mode === "batched"
const concurrency = 24

const pgPool = new Pool({ connectionString, max: 12 })
pgPool.on("error", () => undefined)
pgPool.on("connect", (client) => client.on("error", () => undefined))
await runMigrations({ pgPool })
await pgPool.query("insert into graphile_worker._private_tasks (identifier) values ('noop') on conflict do nothing")
await pgPool.query(
  `select graphile_worker.add_jobs(array(select json_populate_record(null::graphile_worker.job_spec,
    json_build_object('identifier', 'noop', 'payload', json_build_object('id', n))) from generate_series(1, $1::int) n))`,
  [total]
)
await pgPool.query("vacuum analyze graphile_worker._private_jobs")

let done = 0
let allDone = () => undefined
const finished = new Promise((resolve) => (allDone = resolve))
const begun = performance.now()
const runner = await run({
  pgPool,
  concurrency,
  noHandleSignals: true,
  taskList: {
    noop: () => {
      done += 1
      if (done === total) allDone()
    }
  },
  // The settings of its own performance test.
  preset: {
    worker: {
      ...(batched ? { localQueue: { size: 500 } } : {}),
      ...(batched ? { completeJobBatchDelay: 0, failJobBatchDelay: 0 } : {})
    }
  },
  logger: new Logger(() => () => undefined)
})
await finished
await runner.stop()
const seconds = (performance.now() - begun) / 1000
await pgPool.end()
process.stdout.write(`${JSON.stringify({ jobsPerSecond: total / seconds })}\n`)
