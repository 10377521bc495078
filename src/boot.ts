import { NodeRuntime } from "@effect/platform-node"
import { Cause, Effect, Exit, Layer } from "effect"
import { Config, ConfigError } from "./config.ts"
import { detailOf } from "./log/Log.ts"
import { loggerLayer } from "./log/Logger.ts"

export interface BootOptions {
  /** For commands, whose answer is what they print: only errors are logged, to the error stream. */
  readonly quiet?: boolean
}

const logging = (options: BootOptions) =>
  Layer.unwrap(
    Effect.map(Config, (config) =>
      loggerLayer(
        options.quiet === true
          ? { level: "error", format: config.logFormat, write: (text) => process.stderr.write(text) }
          : { level: config.logLevel, format: config.logFormat }
      )
    )
  )

/**
 * Runs a program of this service: configuration first, then our logger, then the program. A start that fails says why
 * in PT-BR sentences and exits with 1; a stop by signal exits with 0.
 */
export const boot = <E>(program: Effect.Effect<unknown, E, Config>, options: BootOptions = {}): void =>
  program.pipe(
    Effect.tapCause((cause) =>
      Cause.hasInterruptsOnly(cause)
        ? Effect.void
        : Effect.logError(
            `[ERRO] ${options.quiet === true ? "O comando não terminou" : "O serviço parou"}: ${detailOf(cause)}`
          )
    ),
    Effect.provide(Layer.provideMerge(logging(options), Config.layer)),
    Effect.tapError((error) => (error instanceof ConfigError ? Effect.sync(() => explain(error)) : Effect.void)),
    NodeRuntime.runMain({
      disableErrorReporting: true,
      teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) || Cause.hasInterruptsOnly(exit.cause) ? 0 : 1)
    })
  )

// Before the configuration is known there is no logger yet: these sentences go straight to the terminal.
const explain = (error: ConfigError) => {
  const lines = [
    "O Funil não pôde ligar. Corrija o arquivo .env (ou o ambiente):",
    ...error.problems.map((p) => `  - ${p}`)
  ]
  process.stderr.write(`${lines.join("\n")}\n`)
}
