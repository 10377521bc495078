// Keeps the house's floors (docs/architecture.md): a room imports only from rooms below it. Type-only imports of the
// log room are the one exception: its table of sentences names every error of the service.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

const floors: ReadonlyArray<ReadonlyArray<string>> = [
  ["main.ts"],
  ["cli"],
  ["boot.ts", "welcome.ts", "layers.ts"],
  ["admin", "http"],
  ["scheduler"],
  ["engine"],
  ["funnel"],
  ["payments", "media", "messages", "downsells", "shots", "tracking", "metrics"],
  ["bots"],
  ["telegram", "repo", "db"],
  ["log"],
  ["config", "config.ts"],
  ["domain", "version.ts"]
]
const floorOf = (room: string) => floors.findIndex((rooms) => rooms.includes(room))

const root = resolve(import.meta.dirname, "../src")
const roomOf = (path: string) => relative(root, path).split("/")[0] ?? ""
const importLine = /^import\s+(type\s+)?[^"]*?"(\.[^"]+)"/gms

const faults: Array<string> = []
for (const entry of readdirSync(root, { recursive: true, encoding: "utf8" })) {
  if (!entry.endsWith(".ts")) continue
  const file = join(root, entry)
  const from = roomOf(file)
  if (from === "sandbox") continue
  for (const [, typeOnly, target] of readFileSync(file, "utf8").matchAll(importLine)) {
    const to = roomOf(resolve(dirname(file), target ?? ""))
    if (to === from) continue
    if (to === "sandbox") faults.push(`${entry}: the service never imports the sandbox`)
    else if (floorOf(to) === -1 || floorOf(from) === -1)
      faults.push(`${entry}: room "${floorOf(to) === -1 ? to : from}" has no floor`)
    else if (floorOf(to) < floorOf(from) && !(from === "log" && typeOnly !== undefined)) {
      faults.push(`${entry}: "${from}" reaches up into "${to}"`)
    }
  }
}
for (const fault of faults) process.stderr.write(`${fault}\n`)
process.exitCode = faults.length === 0 ? 0 : 1
