import { Effect } from "effect"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import type { Binaries } from "./binaries.ts"
import { type EmbeddedError, reasonOf } from "./EmbeddedError.ts"
import type { Files } from "./files.ts"
import { plainEnvironment } from "./run.ts"
import type { RunAs } from "./runAs.ts"

export interface Postmaster {
  readonly pid: number
  /** Absent while it is only coming up. */
  readonly port: number | undefined
  readonly state: "starting" | "ready" | "stopping"
}

const pidFile = (files: Files) => join(files.data, "postmaster.pid")

/** The server that runs on this data folder now, if any. */
export const findRunning = (files: Files): Postmaster | undefined => {
  const lines = readLines(pidFile(files))
  if (lines === undefined) return undefined
  // A single-user server writes its pid negative.
  const pid = Math.abs(Number(lines[0]))
  if (!isAlive(pid)) return undefined
  if (servesFolder(pid, files.data)) {
    return { pid, port: Number(lines[3]) || undefined, state: stateOf(lines[7]?.trim()) }
  }
  // The number went to another program. PostgreSQL overwrites the lock file of a dead process by itself, but would
  // refuse to start over this one.
  fs.rmSync(pidFile(files), { force: true })
  return undefined
}

const stateOf = (word: string | undefined) => (word === "ready" || word === "stopping" ? word : "starting")

const readLines = (path: string) => {
  try {
    return fs.readFileSync(path, "utf8").split("\n")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

export const isAlive = (pid: number): boolean => {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** A zombie has no command line, so a dead server that nobody reaped does not count. */
export const servesFolder = (pid: number, data: string): boolean => {
  const command = isAlive(pid) ? commandLine(pid) : ""
  return /\bpostgres /.test(command) && command.includes(`-D ${data} `)
}

const commandLine = (pid: number): string => {
  if (!fs.existsSync("/proc/self/cmdline")) {
    return `${spawnSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim()} `
  }
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
  } catch {
    return ""
  }
}

/**
 * Starts the server in a process group of its own: Ctrl+C in a terminal and a SIGTERM to our whole group reach only
 * us, so that work in progress still finds its database; we stop it afterwards.
 */
export const launch = (
  files: Files,
  binaries: Binaries,
  runAs: RunAs,
  settings: Readonly<Record<string, string>>
): Effect.Effect<ChildProcess, EmbeddedError> =>
  Effect.callback((resume) => {
    const args = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
    const command = runAs.command(binaries.postgres, ["-D", files.data, ...args])
    const log = openLog(files)
    const child = spawn(command.program, command.args, {
      ...command.options,
      cwd: "/",
      detached: true,
      env: plainEnvironment(),
      stdio: ["ignore", log, log]
    })
    fs.closeSync(log)
    child.unref()
    child.on("error", (error) => resume(Effect.fail(reasonOf("start", error))))
    child.on("spawn", () => resume(Effect.succeed(child)))
  })

const maxLogBytes = 10_000_000

const openLog = (files: Files) => {
  const size = fs.statSync(files.log, { throwIfNoEntry: false })?.size ?? 0
  return fs.openSync(files.log, size > maxLogBytes ? "w" : "a", 0o600)
}

/** What the server wrote last, for the person who has to find out why it does not come up. */
export const lastWords = (files: Files): string => {
  const lines = fs.existsSync(files.log) ? fs.readFileSync(files.log, "utf8").trim().split("\n") : []
  return lines.findLast((line) => line.includes("FATAL") || line.includes("PANIC")) ?? lines.at(-1) ?? "sem motivo"
}

/** A free TCP port of this machine. Another program may still take it first; starting is then tried again. */
export const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** Stops the server: politely (`fast`), then without a checkpoint (`immediate`), then by force. */
export const stop = Effect.fnUntraced(function* (files: Files, pid: number) {
  for (const [signal, seconds] of [
    ["SIGINT", 4],
    ["SIGQUIT", 1.5],
    ["SIGKILL", 0.5]
  ] as const) {
    if (!servesFolder(pid, files.data)) return
    yield* Effect.ignore(Effect.try(() => process.kill(pid, signal)))
    if (yield* gone(files, pid, seconds)) return
  }
})

const gone = Effect.fnUntraced(function* (files: Files, pid: number, seconds: number) {
  for (let waited = 0; waited < seconds * 1000; waited += 20) {
    if (!servesFolder(pid, files.data)) return true
    yield* Effect.sleep(20)
  }
  return false
})
