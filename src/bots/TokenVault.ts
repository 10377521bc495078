import { Context, Effect, Layer, Option, Redacted } from "effect"
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"
import { Config } from "../config.ts"

type Secret = Redacted.Redacted<string>

/** The token columns of a `bots` row; `tokenEncrypted` as PostgreSQL writes it as text, whatever its type. */
export interface StoredToken {
  readonly slug: string
  readonly tokenEncrypted: string | null
  readonly tokenIv: string | null
  readonly token: string | null
}

export interface SealedToken {
  /** `\x…`: as bytea these are the bytes, as text it is this very string. Both are read. */
  readonly tokenEncrypted: string
  readonly tokenIv: string
}

/** Where a bot's token came from. `broken`: an encrypted one is stored and this `ENCRYPTION_KEY` does not open it. */
export interface OpenedToken {
  readonly token: Option.Option<Secret>
  readonly source: "environment" | "encrypted" | "plain" | "none"
  readonly broken: boolean
}

/** Bot tokens at rest, in the format of V2: AES-256-GCM, base64(cipher + tag) and base64(IV) in two columns. */
export class TokenVault extends Context.Service<
  TokenVault,
  {
    readonly open: (row: StoredToken) => OpenedToken
    readonly seal: (token: Secret) => SealedToken
    /** Any secret that was sealed here; none when this `ENCRYPTION_KEY` does not open it. */
    readonly unseal: (sealed: SealedToken) => Option.Option<Secret>
    /** `TELEGRAM_TOKEN_<SLUG>`, which wins over the database. */
    readonly fromEnvironment: (slug: string) => Option.Option<Secret>
  }
>()("funil/bots/TokenVault") {
  static readonly layer = Layer.effect(
    TokenVault,
    Effect.gen(function* () {
      const config = yield* Config
      const key = Buffer.from(Redacted.value(config.encryptionKey), "hex")

      const fromEnvironment = (slug: string) => Option.fromUndefinedOr(config.telegramTokens.get(environmentKey(slug)))

      const open = (row: StoredToken): OpenedToken => {
        const given = fromEnvironment(row.slug)
        if (Option.isSome(given)) return { token: given, source: "environment", broken: false }
        const decrypted = Option.filter(decrypt(key, row), isToken)
        if (Option.isSome(decrypted)) {
          return { token: Option.map(decrypted, Redacted.make), source: "encrypted", broken: false }
        }
        const plain = Option.filter(Option.fromNullOr(row.token), isToken)
        const broken = row.tokenEncrypted !== null && row.tokenEncrypted !== ""
        return Option.isSome(plain)
          ? { token: Option.map(plain, Redacted.make), source: "plain", broken }
          : { token: Option.none(), source: "none", broken }
      }

      return TokenVault.of({
        open,
        seal: (token) => encrypt(key, Redacted.value(token)),
        unseal: (sealed) => Option.map(decrypt(key, sealed), (text) => Redacted.make(text)),
        fromEnvironment
      })
    })
  )
}

/** The name of a bot's variable after `TELEGRAM_TOKEN_`. */
export const environmentKey = (slug: string): string => slug.toUpperCase().replace(/[^A-Z0-9]/g, "_")

/** The id of the Telegram bot that a token belongs to: its part before the colon. */
export const telegramIdOf = (token: Secret): number => Number(Redacted.value(token).split(":", 1)[0])

const algorithm = "aes-256-gcm"
const tagBytes = 16

const isToken = (text: string): boolean => /^\d+:[\w-]+$/.test(text)

const encrypt = (key: Buffer, token: string): SealedToken => {
  const iv = randomBytes(12)
  const cipher = createCipheriv(algorithm, key, iv)
  const sealed = Buffer.concat([cipher.update(token, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64")
  return { tokenEncrypted: `\\x${Buffer.from(sealed, "ascii").toString("hex")}`, tokenIv: iv.toString("base64") }
}

const decrypt = (key: Buffer, row: Pick<StoredToken, "tokenEncrypted" | "tokenIv">): Option.Option<string> => {
  if (row.tokenEncrypted === null || row.tokenIv === null) return Option.none()
  const iv = Buffer.from(row.tokenIv, "base64")
  const sealed = Buffer.from(asciiOf(row.tokenEncrypted), "base64")
  if (iv.length === 0 || sealed.length <= tagBytes) return Option.none()
  return Option.liftThrowable(() => {
    const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes })
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    return Buffer.concat([decipher.update(sealed.subarray(0, -tagBytes)), decipher.final()]).toString("utf8")
  })()
}

const asciiOf = (stored: string): string =>
  stored.startsWith("\\x") ? Buffer.from(stored.slice(2), "hex").toString("ascii") : stored
