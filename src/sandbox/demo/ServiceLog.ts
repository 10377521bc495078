import type { Readable } from "node:stream"
import { Effect, type Scope } from "effect"

/** The service's log: on this terminal, and line by line for whoever listens. */
export class ServiceLog {
  readonly #lines: Array<string> = []
  readonly #listeners = new Set<(line: string) => void>()
  readonly #kept: number
  #rest = ""

  constructor(kept = 500) {
    this.#kept = kept
  }

  read(from: Readable): void {
    from.setEncoding("utf8")
    from.on("data", (text: string) => {
      process.stdout.write(text)
      const lines = (this.#rest + text).split("\n")
      this.#rest = lines.pop() ?? ""
      for (const line of lines) this.#add(line)
    })
  }

  /** Those already written come first. */
  readonly onLine = (hear: (line: string) => void): Effect.Effect<void, never, Scope.Scope> =>
    Effect.acquireRelease(
      Effect.sync(() => {
        for (const line of this.#lines) hear(line)
        this.#listeners.add(hear)
      }),
      () => Effect.sync(() => void this.#listeners.delete(hear))
    )

  #add(line: string): void {
    if (line.trim() === "") return
    this.#lines.push(line)
    if (this.#lines.length > this.#kept) this.#lines.shift()
    for (const hear of this.#listeners) hear(line)
  }
}
