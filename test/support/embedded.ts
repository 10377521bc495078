import { Effect, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Database } from "../../src/db/Database.ts"
import { servesFolder } from "../../src/db/embedded/postmaster.ts"

/** A folder for one test; whatever server is left in it at the end is killed. */
export const folder = (mode: number) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "funil-embutido-"))
      chmodSync(path, mode)
      return path
    }),
    (path) =>
      Effect.sync(() => {
        const pid = serverPid(join(path, "data", "postgres"))
        if (pid !== undefined && servesFolder(pid, join(path, "data", "postgres"))) process.kill(pid, "SIGKILL")
        rmSync(path, { recursive: true, force: true, maxRetries: 5 })
      })
  )

export const serverPid = (dir: string): number | undefined => {
  try {
    return Number(readFileSync(join(dir, "postmaster.pid"), "utf8").split("\n")[0])
  } catch {
    return undefined
  }
}

export interface Host {
  readonly child: ChildProcess
  readonly url: Redacted.Redacted<string>
  /** Everything it wrote, once it has ended. */
  readonly ended: Effect.Effect<string>
}

/** Runs `embeddedHost.ts` in a process group of its own, until its database is up. */
export const startHost = Effect.fnUntraced(function* (dir: string, script?: string) {
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [script ?? fileURLToPath(new URL("embeddedHost.ts", import.meta.url)), dir], {
        detached: true,
        stdio: ["ignore", "pipe", "pipe"]
      })
    ),
    (process_) => Effect.sync(() => process_.kill("SIGKILL"))
  )
  let output = ""
  const ended = Effect.callback<string>((resume) => {
    const finish = () => resume(Effect.succeed(output))
    if (child.exitCode !== null || child.signalCode !== null) finish()
    else child.once("close", finish)
  })
  const url = yield* Effect.callback<string>((resume) => {
    const read = (chunk: Buffer) => {
      output += chunk.toString("utf8")
      const found = /^url (\S+)$/m.exec(output)
      if (found?.[1] !== undefined) resume(Effect.succeed(found[1]))
    }
    child.stdout.on("data", read)
    child.stderr.on("data", read)
    child.once("close", () => resume(Effect.die(new Error(`the host ended: ${output}`))))
  })
  return { child, url: Redacted.make(url), ended } satisfies Host as Host
})

/** Runs statements on that address, each on a new connection pool. */
export const query = (url: Redacted.Redacted<string>, statement: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql.unsafe<Record<string, unknown>>(statement)).pipe(
    Effect.provide(Database.layerUrl(url), { local: true })
  )

/** Whether that process is the server of this folder; one that only nobody reaped yet is not. */
export const isServing = (pid: number, dir: string) => servesFolder(pid, dir)

/** The end of another process is no event that could be waited for. */
export const untilGone = (pid: number, dir: string): Effect.Effect<void> =>
  Effect.suspend(() => (isServing(pid, dir) ? Effect.andThen(Effect.sleep(10), untilGone(pid, dir)) : Effect.void))
