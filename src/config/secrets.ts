import { Effect, Redacted } from "effect"
import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { ConfigShape } from "./parse.ts"

/** Fills a missing `ADMIN_TOKEN` or `ENCRYPTION_KEY` from `.data/` (mode 600), generating it at the first start. */
export const generatedSecrets = (config: ConfigShape): Effect.Effect<ConfigShape> =>
  Effect.sync(() => {
    const admin = keep(config.adminToken, join(config.dataDir, "admin-token"), () =>
      randomBytes(24).toString("base64url")
    )
    const key = keep(config.encryptionKey, join(config.dataDir, "encryption-key"), () =>
      randomBytes(32).toString("hex")
    )
    return {
      ...config,
      adminToken: admin.secret,
      encryptionKey: key.secret,
      generated: { adminToken: admin.fresh, encryptionKey: key.fresh }
    }
  })

const keep = (given: Redacted.Redacted<string>, path: string, generate: () => string) => {
  if (Redacted.value(given) !== "") return { secret: given, fresh: false }
  const fresh = !existsSync(path)
  if (fresh) {
    mkdirSync(join(path, ".."), { recursive: true })
    // "wx": of two processes starting at once the second reads what the first wrote.
    try {
      writeFileSync(path, `${generate()}\n`, { mode: 0o600, flag: "wx" })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    }
  }
  return { secret: Redacted.make(readFileSync(path, "utf8").trim()), fresh }
}
