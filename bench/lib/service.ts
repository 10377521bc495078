import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))
export const adminToken = "senha-do-bench"

export interface BenchService {
  readonly port: number
  readonly pid: number
  readonly api: (method: string, path: string, body?: unknown) => Promise<{ readonly [key: string]: unknown }>
  readonly stop: () => Promise<void>
}

const stopChild = async (child: ChildProcess) => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, "exit")
  child.kill("SIGTERM")
  await gone
}

/** The service in a process of its own, its log thrown away. */
export const startService = async (
  port: number,
  env: Readonly<Record<string, string>>,
  core?: number
): Promise<BenchService> => {
  const folder = mkdtempSync(join(tmpdir(), "funil-bench-"))
  const url = `http://127.0.0.1:${port}`
  const child = spawn(...pinned(core, [process.execPath, source("../../src/main.ts")]), {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      PORT: String(port),
      HOST: "127.0.0.1",
      PUBLIC_URL: url,
      ADMIN_TOKEN: adminToken,
      ...env
    },
    stdio: ["ignore", "ignore", "inherit"]
  })
  for (let tries = 0; ; tries++) {
    const ready = await fetch(`${url}/readyz`).then(
      (answer) => answer.ok,
      () => false
    )
    if (ready) break
    if (tries > 600 || child.exitCode !== null) throw new Error("the service did not become ready")
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const api: BenchService["api"] = async (method, path, body) => {
    const answer = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as { readonly [key: string]: unknown }
  }
  return {
    port,
    pid: child.pid ?? 0,
    api,
    stop: async () => {
      await stopChild(child)
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

export const freePort = () =>
  new Promise<number>((resolve) => {
    const probe = createServer()
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      probe.close(() => resolve(port))
    })
  })

/** A peer server in a process of its own; `core` pins it to one. */
export const startPeer = async (
  file: string,
  args: ReadonlyArray<string>,
  core?: number
): Promise<() => Promise<void>> => {
  const child = spawn(...pinned(core, [process.execPath, source(`./${file}`), ...args]), {
    stdio: ["ignore", "pipe", "inherit"]
  })
  if (child.stdout !== null) await once(child.stdout, "data")
  return () => stopChild(child)
}

const pinned = (core: number | undefined, command: ReadonlyArray<string>): [string, Array<string>] => {
  const [program = "", ...args] = core === undefined ? command : ["taskset", "-c", String(core), ...command]
  return [program, args]
}
