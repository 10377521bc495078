import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { Bench } from "./lib/bench.ts"
import { figure } from "./lib/figure.ts"
import type { ShotsResult } from "./lib/shotsWorker.ts"

const people = 300_000
const million = 1_000_000
const jobs = 100_000
const plainJobs = 30_000

/** One program of the benchmark in a process of its own; its last line is its answer. */
const run = async <A>(file: string, args: ReadonlyArray<string>): Promise<A> => {
  const path = fileURLToPath(new URL(`./lib/${file}`, import.meta.url))
  const child = spawn(process.execPath, ["--expose-gc", path, ...args], { stdio: ["ignore", "pipe", "inherit"] })
  let written = ""
  child.stdout.on("data", (chunk: Buffer) => (written += chunk.toString()))
  const [code] = (await once(child, "exit")) as [number | null]
  if (code !== 0) throw new Error(`${file} ended with ${code}`)
  return JSON.parse(written.trim().split("\n").at(-1) ?? "") as A
}

/** Its tasks per second; nothing when it is not installed (lib/graphileWorker.mjs). */
const peer = (url: string, mode: string, count: number) =>
  run<{ readonly jobsPerSecond: number }>("graphileWorker.mjs", [url, mode, String(count)]).then(
    ({ jobsPerSecond }) => ({ peer: jobsPerSecond }),
    () => ({})
  )

/**
 * A shot through everything but Telegram, beside graphile-worker with tasks that do nothing, as it comes and with its
 * batches, in the same run on the same database server.
 */
export const shots: Bench = async ({ env }) => {
  const url = env["DATABASE_URL"] ?? ""
  const batched = await peer(url, "batched", jobs)
  const own = await run<ShotsResult>("shotsWorker.ts", [url, String(people)])
  const plain = await peer(url, "plain", plainJobs)
  return [
    figure("shots_drain_beside_graphile_batched", "rows/s", own.rowsPerSecond, batched),
    figure("shots_drain_beside_graphile_plain", "rows/s", own.rowsPerSecond, plain),
    figure("shots_cpu_per_row", "us", own.cpuMicrosPerRow)
  ]
}

/** A shot to a million people: how long it takes to choose them, and what memory they cost. */
export const shotsMillion: Bench = async ({ env }) => {
  const own = await run<ShotsResult>("shotsWorker.ts", [env["DATABASE_URL"] ?? "", String(million)])
  return [
    figure("shots_populate_a_million", "s", own.populateSeconds, { peer: 20 }),
    figure("shots_heap_after_a_million", "MB", own.heapMb.at(-1) ?? 0, { peer: own.heapMb[0] ?? 0 }),
    figure("shots_memory_highest", "MB", own.highestRssMb)
  ]
}
