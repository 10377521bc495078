import { Effect, Schedule, Schema } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync } from "node:fs"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"
import { ServiceLog } from "./ServiceLog.ts"

export class DemoError extends Schema.TaggedError<DemoError>()("DemoError", { message: Schema.String }) {}

export interface DemoService {
  readonly url: string
  readonly call: (method: string, path: string, body?: unknown) => Effect.Effect<unknown, DemoError>
  readonly log: ServiceLog
}

/** Also the panel's password; shown on the terminal, because nothing of the demonstration is worth hiding. */
export const adminToken = "demo-senha-do-painel"
const main = fileURLToPath(new URL("../../main.ts", import.meta.url))

/** The service as a process of its own, in a folder of its own, its log on this terminal; stopped with the scope. */
export const startService = Effect.fn("Demo.startService")(function* (
  folder: string,
  port: number,
  env: Readonly<Record<string, string>>
) {
  mkdirSync(folder, { recursive: true })
  const url = `http://127.0.0.1:${port}`
  const log = new ServiceLog()
  const { stdout, stderr } = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [main], {
        cwd: folder,
        env: {
          PATH: process.env["PATH"],
          HOME: process.env["HOME"],
          TZ: process.env["TZ"],
          ...env,
          PORT: String(port),
          HOST: "127.0.0.1",
          PUBLIC_URL: url,
          ADMIN_TOKEN: adminToken
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
    ),
    (child) =>
      Effect.promise(async () => {
        if (child.exitCode !== null || child.signalCode !== null) return
        const gone = once(child, "exit")
        child.kill("SIGTERM")
        await gone
      })
  )
  log.read(stdout)
  log.read(stderr)
  yield* ready(url)
  const service: DemoService = { url, log, call: (method, path, body) => call(url, method, path, body) }
  return service
})

const ready = (url: string) =>
  Effect.tryPromise({
    try: async () => {
      const response = await fetch(`${url}/readyz`)
      if (!response.ok) throw new Error(`status ${response.status}`)
    },
    catch: () => new DemoError({ message: "O serviço não ficou pronto a tempo." })
  }).pipe(Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 600 }))

const call = (url: string, method: string, path: string, body?: unknown) =>
  Effect.tryPromise({
    try: async () => {
      const response = await fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${adminToken}`,
          ...(body instanceof FormData ? {} : { "content-type": "application/json" })
        },
        ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) })
      })
      const answer: unknown = await response.json()
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`)
      return answer
    },
    catch: (error) => new DemoError({ message: error instanceof Error ? error.message : String(error) })
  })

/** The wanted port if nobody has it, else any free one. */
export const freePort = (wanted: number): Effect.Effect<number> =>
  Effect.callback((resume) => {
    const probe = createServer()
    probe.once("error", () => resume(freePort(0)))
    probe.listen(wanted, "127.0.0.1", () => {
      const address = probe.address()
      const port = typeof address === "object" && address !== null ? address.port : wanted
      probe.close(() => resume(Effect.succeed(port)))
    })
  })
