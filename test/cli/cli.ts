import { NodeServices } from "@effect/platform-node"
import { Cause, Effect, Exit, Layer, Logger } from "effect"
import { Command } from "effect/cli"
import { TestConsole } from "effect/testing"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { funil } from "../../src/cli/funil.ts"
import { afterHelp, presenterLayer } from "../../src/cli/presenter.ts"
import { Config } from "../../src/config.ts"

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test reads out of an answer it then asserts
  readonly json: any
}

/** A folder of one's own to be in, gone with the scope. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const before = process.cwd()
    const path = mkdtempSync(join(tmpdir(), "funil-cli-"))
    process.chdir(path)
    return { path, before }
  }),
  ({ path, before }) =>
    Effect.sync(() => {
      process.chdir(before)
      rmSync(path, { recursive: true, force: true })
    })
).pipe(Effect.map(({ path }) => path))

/** One command in this process: loading the program anew costs seconds each time. */
export const cli = (env: Readonly<Record<string, string>>, ...args: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const exit = yield* Effect.exit(Command.runWith(funil, { version: "teste" })(args).pipe(afterHelp))
    const out = (yield* TestConsole.logLines).join("\n")
    const err = (yield* TestConsole.errorLines).join("\n")
    const failure = Exit.isFailure(exit) ? `\n${Cause.pretty(exit.cause)}` : ""
    const code = Exit.isFailure(exit) ? 1 : Number(process.exitCode ?? 0)
    process.exitCode = 0
    const ran: Ran = { code, out, err: err + failure, json: parsed(out) }
    return ran
  }).pipe(
    Effect.provide(
      Layer.mergeAll(NodeServices.layer, presenterLayer, TestConsole.layer, Config.layerFrom(env), Logger.layer([])),
      {
        local: true
      }
    )
  )

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
