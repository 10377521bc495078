import { Effect } from "effect"
import { spawn } from "node:child_process"
import { type EmbeddedError, reasonOf } from "./EmbeddedError.ts"
import type { Command } from "./runAs.ts"

/**
 * For the programs of PostgreSQL: nothing of our own environment (tokens, keys) goes to them, and their messages stay in
 * one known language. Only where programs are is taken over; that is no setting of ours, so it is not in the config.
 */
export const plainEnvironment = (): NodeJS.ProcessEnv => ({ PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" })

/** Runs a short program to its end. */
export const run = (command: Command, input = "") =>
  Effect.callback<{ readonly code: number | null; readonly output: string }, EmbeddedError>((resume) => {
    const child = spawn(command.program, command.args, {
      ...command.options,
      // Any folder of ours may be closed to the user the program runs as.
      cwd: "/",
      env: plainEnvironment(),
      stdio: "pipe"
    })
    const output: Array<Buffer> = []
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk))
    child.stdin.on("error", () => undefined)
    child.stdin.end(input)
    child.on("error", (error) => resume(Effect.fail(reasonOf("create", error))))
    child.on("close", (code) => resume(Effect.succeed({ code, output: Buffer.concat(output).toString("utf8") })))
    return Effect.sync(() => child.kill("SIGKILL"))
  })
