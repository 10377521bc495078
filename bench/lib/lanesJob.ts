import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

/** What the sending side of the lanes benchmark is told to do. */
export interface Job {
  readonly apiUrl: string
  readonly tokens: ReadonlyArray<string>
  readonly lane: "reply" | "downsell" | "shot"
  readonly perSecond: number
  readonly paid: boolean
  readonly workers: number
  readonly seconds: number
  /** As much of it at the beginning is not counted in the answer. */
  readonly warmSeconds: number
  /** Replies per second over all bots, beside the rest. */
  readonly replies: number
  /** Plain undici instead of the Sender. */
  readonly bare: boolean
}

export interface JobResult {
  readonly callsPerSecond: number
  readonly cpuMicrosPerCall: number
}

/** Runs the job in a process of its own. */
export const runJob = async (job: Job): Promise<JobResult> => {
  const worker = fileURLToPath(new URL("./lanesWorker.ts", import.meta.url))
  const child = spawn(process.execPath, [worker, JSON.stringify(job)], { stdio: ["ignore", "pipe", "inherit"] })
  let written = ""
  child.stdout.on("data", (chunk: Buffer) => (written += chunk.toString()))
  const [code] = (await once(child, "exit")) as [number | null]
  if (code !== 0) throw new Error(`the sending side ended with ${code}`)
  return JSON.parse(written.trim().split("\n").at(-1) ?? "") as JobResult
}
