import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect } from "effect"
import fc from "fast-check"
import { formatJson, formatText } from "../../src/log/format.ts"
import { loggerLayer } from "../../src/log/Logger.ts"
import { maskSecrets, maskToken } from "../../src/log/mask.ts"

const token = "8240789012:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBE"
const line = {
  date: new Date(2025, 10, 7, 12, 0, 0, 123),
  level: "INFO",
  sentence: "[BOT][START] Olá",
  fields: {}
} as const

describe("log lines", () => {
  it("have the contract's text form", () => {
    assert.strictEqual(
      formatText({ ...line, fields: { request_id: "r1", slug: "vip", latency_ms: 180, nothing: undefined } }),
      "2025-11-07 12:00:00.123 INFO  [BOT][START] Olá | request_id=r1 slug=vip latency_ms=180"
    )
  })

  it("stay one line and hold no control character, whatever a stranger is called", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const text = formatText({ ...line, sentence: name, fields: { name } })
        // oxlint-disable-next-line no-control-regex -- their absence is the claim
        assert.notMatch(text, /[\u0000-\u001f\u007f-\u009f]/)
      })
    )
  })

  it("are valid JSON in the JSON form", () => {
    const parsed = JSON.parse(formatJson({ ...line, fields: { slug: "vip", count: 3 } }))
    assert.deepInclude(parsed, { level: "INFO", message: "[BOT][START] Olá", slug: "vip", count: 3 })
  })

  it("mask secrets wherever they stand", () => {
    assert.strictEqual(maskToken(token), "8240789...LEOBE")
    for (const text of [
      `falha em https://api.telegram.org/bot${token}/sendMessage`,
      `token ${token}`,
      `Authorization: Bearer 1|abcdefghijklmnop`,
      `postgres://funil:segredo123@host/db`,
      `{"access_token":"EAABsegredo123"}`
    ]) {
      const masked = maskSecrets(text)
      assert.notInclude(masked, token)
      assert.notInclude(masked, "abcdefghijklmnop")
      assert.notInclude(masked, "segredo123")
    }
  })

  it("leave times, prices and ids alone", () => {
    for (const text of ["12:00:00.123", "valor=9.90", "telegram_id=7205343917", "2025-11-07 12:00"]) {
      assert.strictEqual(maskSecrets(text), text)
    }
  })

  it.effect("show no stack trace, and only the first line of an unknown error", () =>
    Effect.gen(function* () {
      let written = ""
      yield* Effect.logError("[ERRO] Falhou", Cause.die(new Error("primeira linha\nsegunda linha"))).pipe(
        Effect.provide(loggerLayer({ level: "info", format: "text", write: (text) => (written += text) }))
      )
      assert.match(written, /ERROR \[ERRO\] Falhou: primeira linha\n$/)
      assert.notInclude(written, "at ")
    })
  )
})
