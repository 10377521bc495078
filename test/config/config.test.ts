import { assert, describe, it } from "@effect/vitest"
import { Option, Redacted } from "effect"
import { parseConfig } from "../../src/config/parse.ts"

const parse = (env: Record<string, string | undefined>) => parseConfig(env, ".data")

describe("configuration", () => {
  it("needs nothing", () => {
    const { config, problems } = parse({})
    assert.deepStrictEqual(problems, [])
    assert.deepInclude(config, {
      port: 3000,
      host: "0.0.0.0",
      telegramApiUrl: "https://api.telegram.org",
      logFormat: "text"
    })
    assert.isTrue(Option.isNone(config!.databaseUrl))
  })

  it("names every problem at once, one PT-BR sentence each, and no value", () => {
    const { config, problems } = parse({
      PORT: "99999",
      PUBLIC_URL: "http://site.com.br",
      DATABASE_URL: "mysql://u:senha@h/d",
      ENCRYPTION_KEY: "abc-segredo",
      LOG_LEVEL: "alto",
      FACEBOOK_PIXEL_ID: "x",
      SYNCPAY_CLIENT_ID: "only-one",
      TELEGRAM_TOKEN_VIP: "nonsense"
    })
    assert.isUndefined(config)
    for (const name of [
      "PORT",
      "PUBLIC_URL",
      "DATABASE_URL",
      "ENCRYPTION_KEY",
      "LOG_LEVEL",
      "FACEBOOK_PIXEL_ID",
      "SYNCPAY_CLIENT_SECRET",
      "TELEGRAM_TOKEN_VIP"
    ]) {
      assert.strictEqual(problems.filter((p) => p.includes(` ${name}`)).length, 1, name)
    }
    assert.strictEqual(problems.length, 8)
    assert.notMatch(problems.join(" "), /senha|segredo|nonsense/)
  })

  it("accepts plain http as public address on this machine only", () => {
    assert.deepStrictEqual(
      parse({ PUBLIC_URL: "http://127.0.0.1:3000/" }).config?.publicUrl,
      Option.some("http://127.0.0.1:3000")
    )
    assert.strictEqual(parse({ PUBLIC_URL: "http://10.0.0.1" }).problems.length, 1)
  })

  it("counts an empty variable as missing", () => {
    assert.isTrue(Option.isNone(parse({ PUSHINPAY_TOKEN: " " }).config!.pushinpay.token))
  })

  it("shows no secret when printed", () => {
    const { config } = parse({
      PUSHINPAY_TOKEN: "1|segredo",
      ADMIN_TOKEN: "segredo-admin",
      TELEGRAM_TOKEN_VIP: "123:segredo"
    })
    assert.notInclude(JSON.stringify(config), "segredo")
    assert.strictEqual(Redacted.value(config!.telegramTokens.get("VIP")!), "123:segredo")
  })
})
