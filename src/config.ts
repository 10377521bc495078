import { Context, Effect, Layer, Schema } from "effect"
import { parseEnv } from "node:util"
import { readFileSync } from "node:fs"
import { type ConfigShape, parseConfig } from "./config/parse.ts"
import { generatedSecrets } from "./config/secrets.ts"

/** One PT-BR sentence per problem; the start stops with all of them at once. */
export class ConfigError extends Schema.TaggedError<ConfigError>()("ConfigError", {
  problems: Schema.Array(Schema.String)
}) {
  override get message() {
    return this.problems.join("\n")
  }
}

/**
 * Everything the environment says, read once at start (contract, section 2): `.env` first, the real environment on
 * top of it. Secrets are `Redacted`. Business settings are not here; they live in the database.
 */
export class Config extends Context.Service<Config, ConfigShape>()("funil/Config") {
  static readonly layer = Layer.effect(
    Config,
    Effect.suspend(() => fromEnvironment({ ...dotEnv(".env"), ...process.env }))
  )

  /** For tests and the demo: the same parsing and checks over a given record. */
  static readonly layerFrom = (env: Record<string, string | undefined>) =>
    Layer.effect(
      Config,
      Effect.suspend(() => fromEnvironment(env))
    )
}

const fromEnvironment = Effect.fnUntraced(function* (env: Record<string, string | undefined>) {
  const dataDir = ".data"
  const { config, problems } = parseConfig(env, dataDir)
  if (config === undefined) return yield* new ConfigError({ problems })
  const complete = generatedSecrets(config).pipe(Effect.mapError((problem) => new ConfigError({ problems: [problem] })))
  return Config.of(yield* complete)
})

const dotEnv = (path: string): Record<string, string | undefined> => {
  try {
    return parseEnv(readFileSync(path, "utf8"))
  } catch {
    return {}
  }
}
