import { Effect, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import { join } from "node:path"
import type { ConfigShape } from "./parse.ts"

/**
 * Fills a missing `ADMIN_TOKEN` or `ENCRYPTION_KEY` from `.data/` (mode 600), generating it at the first start. Fails
 * with a PT-BR sentence.
 */
export const generatedSecrets = (config: ConfigShape): Effect.Effect<ConfigShape, string> =>
  Effect.gen(function* () {
    const admin = yield* keep(config.adminToken, {
      path: join(config.dataDir, "admin-token"),
      variable: "ADMIN_TOKEN",
      generate: () => randomBytes(24).toString("base64url"),
      valid: /^\S+$/
    })
    const key = yield* keep(config.encryptionKey, {
      path: join(config.dataDir, "encryption-key"),
      variable: "ENCRYPTION_KEY",
      generate: () => randomBytes(32).toString("hex"),
      valid: /^[0-9a-fA-F]{64}$/
    })
    return {
      ...config,
      adminToken: admin.secret,
      encryptionKey: key.secret,
      generated: { adminToken: admin.generated, encryptionKey: key.generated }
    }
  })

/** Whether a generated admin token is to be shown now: true once, however many starts failed or hid it before. */
export const firstShow = (config: ConfigShape): Effect.Effect<boolean> =>
  Effect.sync(() => {
    if (!config.generated.adminToken) return false
    try {
      fs.writeFileSync(shownMark(join(config.dataDir, "admin-token")), "", { mode: 0o600, flag: "wx" })
      return true
    } catch (error) {
      return codeOf(error) !== "EEXIST"
    }
  })

const shownMark = (path: string) => `${path}.shown`

interface Kept {
  readonly path: string
  readonly variable: string
  readonly generate: () => string
  readonly valid: RegExp
}

const keep = Effect.fnUntraced(function* (given: Redacted.Redacted<string>, kept: Kept) {
  if (Redacted.value(given) !== "") return { secret: given, generated: false }
  const text = yield* Effect.try({
    try: () => readOrCreate(kept),
    catch: (error) =>
      `O arquivo ${kept.path} não pôde ser lido nem criado (${codeOf(error)}): ` +
      `dê acesso a essa pasta ou defina a variável ${kept.variable}.`
  })
  if (kept.valid.test(text)) return { secret: Redacted.make(text), generated: true }
  return yield* Effect.fail(
    `O arquivo ${kept.path} está danificado: recupere-o de uma cópia, apague-o para criar outro ` +
      `ou defina a variável ${kept.variable}.`
  )
})

/** `link` gives the file its name with the content already in it, and fails when another process was first. */
const readOrCreate = ({ generate, path }: Kept): string => {
  if (!fs.existsSync(path)) {
    fs.mkdirSync(join(path, ".."), { recursive: true })
    const draft = `${path}.${randomBytes(4).toString("hex")}`
    fs.writeFileSync(draft, `${generate()}\n`, { mode: 0o600 })
    try {
      fs.linkSync(draft, path)
      fs.rmSync(shownMark(path), { force: true })
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error
    } finally {
      fs.rmSync(draft, { force: true })
    }
  }
  return fs.readFileSync(path, "utf8").trim()
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "erro"
