import { Effect, Schedule, Schema } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export class HarnessError extends Schema.TaggedError<HarnessError>()("HarnessError", { message: Schema.String }) {}

const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url))
export const adminToken = "senha-de-teste-0123456789"

export interface Answer {
  readonly status: number
  readonly text: string
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test reads out of an answer it then asserts
  readonly json: any
}

/** One real process of the service. */
export class ServiceProcess {
  readonly url: string
  readonly child: ChildProcess
  /** What it is administered with; another one where the service made its own. */
  password = adminToken
  private written = ""

  constructor(url: string, child: ChildProcess) {
    this.url = url
    this.child = child
    child.stdout?.on("data", (chunk: Buffer) => (this.written += chunk.toString()))
    child.stderr?.on("data", (chunk: Buffer) => (this.written += chunk.toString()))
  }

  /** Everything it wrote so far. */
  get log(): string {
    return this.written
  }

  /** Waits until it has written something that matches. Marks, as `log.length` was, leave out what came before. */
  wrote(words: RegExp, since = 0) {
    return eventually(
      Effect.sync(() => this.written.slice(since)),
      (text) => words.test(text)
    ).pipe(Effect.mapError(() => new HarnessError({ message: `${words} não está em:\n${this.written.slice(since)}` })))
  }

  readonly exit = Effect.promise(async () => {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "exit")
    return { code: this.child.exitCode, signal: this.child.signalCode }
  })

  /** Sends the signal and answers when the process is gone. */
  stop(signal: NodeJS.Signals) {
    return Effect.suspend(() => {
      this.child.kill(signal)
      return this.exit
    })
  }

  /** Sends the signal to everybody in the process group that this one leads. */
  signalGroup(signal: NodeJS.Signals) {
    return Effect.sync(() => isGroupAlive(this.child.pid) && process.kill(-this.child.pid!, signal))
  }

  request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    return Effect.tryPromise({
      try: async (): Promise<Answer> => {
        const response = await fetch(this.url + path, {
          method,
          redirect: "manual",
          headers: {
            ...(body === undefined || body instanceof FormData ? {} : { "content-type": "application/json" }),
            ...headers
          },
          ...bodyOf(body)
        })
        const text = await response.text()
        return { status: response.status, text, json: parseOrNothing(text) }
      },
      catch: (error) => new HarnessError({ message: String(error) })
    })
  }

  admin(method: string, path: string, body?: unknown) {
    return this.request(method, path, body, { authorization: `Bearer ${this.password}` })
  }
}

export const isGroupAlive = (leader: number | undefined): boolean => {
  try {
    return leader !== undefined && process.kill(-leader, 0)
  } catch {
    return false
  }
}

/** Text, bytes and streams leave as they are, anything else as JSON. */
const bodyOf = (body: unknown): RequestInit => {
  if (body === undefined) return {}
  if (body instanceof FormData) return { body }
  if (body instanceof ReadableStream) return { body, duplex: "half" }
  return { body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body) }
}

const parseOrNothing = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export interface StartOptions {
  readonly env: Readonly<Record<string, string>>
  /** Fixed when a second process must come back under the same address. */
  readonly port?: number
  /** False: bots are served by long polling. */
  readonly publicUrl?: boolean
  /** Do not wait until it is ready. */
  readonly wait?: boolean
  /** Where it runs and keeps `.data`; else a folder of its own that goes with it. */
  readonly folder?: string
  /** What is run instead of `node src/main.ts`, in a process group of its own. */
  readonly command?: readonly [string, ...ReadonlyArray<string>]
}

/** Starts the service in a folder of its own; it is killed with the scope at the latest. */
export const startService = Effect.fnUntraced(function* (options: StartOptions) {
  const port = options.port ?? (yield* freePort)
  const url = `http://127.0.0.1:${port}`
  const service = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const folder = options.folder ?? mkdtempSync(join(tmpdir(), "funil-test-"))
      const [program, ...args] = options.command ?? [process.execPath, main]
      const child = spawn(program, args, {
        cwd: folder,
        detached: options.command !== undefined,
        env: {
          PATH: process.env["PATH"],
          // Each start would compile the same files anew: a third of what it costs.
          NODE_COMPILE_CACHE: join(tmpdir(), "funil-compile-cache"),
          PORT: String(port),
          HOST: "127.0.0.1",
          ADMIN_TOKEN: adminToken,
          ENCRYPTION_KEY: "0123456789abcdef".repeat(4),
          ...(options.publicUrl === false ? {} : { PUBLIC_URL: url }),
          ...options.env
        },
        stdio: ["ignore", "pipe", "pipe"]
      })
      return { folder, process: new ServiceProcess(url, child) }
    }),
    (started) =>
      Effect.all([
        options.command === undefined ? Effect.void : started.process.signalGroup("SIGKILL"),
        started.process.stop("SIGKILL"),
        Effect.sync(() => options.folder === undefined && rmSync(started.folder, { recursive: true, force: true }))
      ])
  )
  if (options.wait !== false) yield* ready(service.process)
  return service.process
})

const ready = (service: ServiceProcess) =>
  service.request("GET", "/readyz").pipe(
    Effect.filterOrFail(
      (answer) => answer.status === 200,
      () => new HarnessError({ message: "not ready" })
    ),
    Effect.retry({
      schedule: Schedule.spaced("50 millis"),
      times: 600,
      while: () => service.child.exitCode === null
    }),
    Effect.mapError(() => new HarnessError({ message: `O serviço não ficou pronto:\n${service.log}` }))
  )

/** Asks again until the answer satisfies; for facts that have no event to wait for. Fails after `seconds`. */
export const eventually = <A, E, R>(look: Effect.Effect<A, E, R>, satisfied: (value: A) => boolean, seconds = 10) =>
  look.pipe(
    Effect.filterOrFail(satisfied, (value) => new HarnessError({ message: `ainda não: ${JSON.stringify(value)}` })),
    Effect.retry({ schedule: Schedule.spaced("50 millis"), times: seconds * 20 })
  )

export const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const probe = createServer()
  probe.listen(0, "127.0.0.1", () => {
    const address = probe.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    probe.close(() => resume(Effect.succeed(port)))
  })
})
