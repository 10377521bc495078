import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option, Redacted } from "effect"
import { createCipheriv } from "node:crypto"
import { environmentKey, telegramIdOf, TokenVault } from "../../src/bots/TokenVault.ts"
import { Config } from "../../src/config.ts"

const key = "0123456789abcdef".repeat(4)
const token = "824078912:AAF-abcdefghijklmnopqrstuvwxyz_LEOBE"

const vault = (env: Record<string, string> = {}) =>
  TokenVault.layer.pipe(
    Layer.provide(Config.layerFrom({ ENCRYPTION_KEY: key, ADMIN_TOKEN: "senha-de-teste", ...env })),
    Layer.orDie
  )

/** As Elysia V2 wrote it: bytes of base64(cipher + tag), the IV apart in base64. */
const sealedByV2 = (text: string, hexKey = key) => {
  const iv = Buffer.from("00112233445566778899aabb", "hex")
  const cipher = createCipheriv("aes-256-gcm", Buffer.from(hexKey, "hex"), iv)
  const base64 = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString("base64")
  return { base64, asBytea: `\\x${Buffer.from(base64, "ascii").toString("hex")}`, tokenIv: iv.toString("base64") }
}

const row = { slug: "vip", tokenEncrypted: null, tokenIv: null, token: null }
const opened = (value: { readonly token: Option.Option<Redacted.Redacted<string>> }) =>
  Option.getOrUndefined(Option.map(value.token, Redacted.value))

describe("TokenVault", () => {
  it.effect("opens what V2 sealed, in a bytea and in a text column", () =>
    Effect.gen(function* () {
      const { open } = yield* TokenVault
      const { asBytea, base64, tokenIv } = sealedByV2(token)
      for (const tokenEncrypted of [asBytea, base64]) {
        const answer = open({ ...row, tokenEncrypted, tokenIv, token: "1:plain" })
        assert.deepStrictEqual([opened(answer), answer.source, answer.broken], [token, "encrypted", false])
      }
    }).pipe(Effect.provide(vault()))
  )

  it.effect("opens what it sealed itself, and seals the same token differently each time", () =>
    Effect.gen(function* () {
      const { open, seal } = yield* TokenVault
      const [first, second] = [seal(Redacted.make(token)), seal(Redacted.make(token))]
      assert.match(first.tokenEncrypted, /^\\x[0-9a-f]+$/)
      assert.notStrictEqual(first.tokenEncrypted, second.tokenEncrypted)
      assert.strictEqual(opened(open({ ...row, ...first })), token)
      assert.strictEqual(opened(open({ ...row, ...second })), token)
    }).pipe(Effect.provide(vault()))
  )

  it.effect("falls back to the plain token, else to nothing, and says that the sealed one is broken", () =>
    Effect.gen(function* () {
      const { open } = yield* TokenVault
      const foreign = sealedByV2(token, "f".repeat(64))
      const sealed = { ...row, tokenEncrypted: foreign.asBytea, tokenIv: foreign.tokenIv }
      const plain = open({ ...sealed, token: "123456:abc" })
      assert.deepStrictEqual([opened(plain), plain.source, plain.broken], ["123456:abc", "plain", true])
      const none = open(sealed)
      assert.deepStrictEqual([opened(none), none.source, none.broken], [undefined, "none", true])
      const empty = open(row)
      assert.deepStrictEqual([empty.source, empty.broken], ["none", false])
      // V3's format keeps the IV inside; garbage of any kind is not a token.
      const shapes = [
        { tokenEncrypted: sealedByV2(token).base64, tokenIv: null },
        { tokenEncrypted: "\\xzz", tokenIv: "AAAA" },
        { tokenEncrypted: "", tokenIv: "" },
        { ...sealedByV2("isto não é um token"), tokenEncrypted: sealedByV2("isto não é um token").asBytea }
      ]
      for (const shape of shapes) assert.strictEqual(open({ ...row, ...shape }).source, "none")
      assert.strictEqual(open({ ...row, token: "  " }).source, "none")
    }).pipe(Effect.provide(vault()))
  )

  it.effect("prefers TELEGRAM_TOKEN_<SLUG> to everything in the database", () =>
    Effect.gen(function* () {
      const { open } = yield* TokenVault
      const { asBytea, tokenIv } = sealedByV2(token)
      const answer = open({ slug: "meu-bot_2", tokenEncrypted: asBytea, tokenIv, token: null })
      assert.deepStrictEqual([opened(answer), answer.source], ["777:doAmbiente", "environment"])
      assert.strictEqual(open({ ...row, tokenEncrypted: asBytea, tokenIv }).source, "encrypted")
    }).pipe(Effect.provide(vault({ TELEGRAM_TOKEN_MEU_BOT_2: "777:doAmbiente" })))
  )

  it("names variables and Telegram ids", () => {
    assert.strictEqual(environmentKey("vip-Bot.1"), "VIP_BOT_1")
    assert.strictEqual(telegramIdOf(Redacted.make(token)), 824078912)
  })
})
