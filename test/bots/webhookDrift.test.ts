import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import type { WebhookInfo } from "grammy/types"
import { inspect } from "../../src/bots/webhookDrift.ts"
import { allowedUpdates } from "../../src/bots/Webhooks.ts"

const url = "https://loja.exemplo.com/tg/vip/webhook"
const now = Date.UTC(2026, 10, 23, 12)
const minute = 60_000
const ours = { url, registeredAtMs: now - 60 * minute, updates: allowedUpdates }

const info = (more: Partial<WebhookInfo> = {}): WebhookInfo => ({
  url,
  has_custom_certificate: false,
  pending_update_count: 3,
  allowed_updates: [...allowedUpdates],
  ...more
})

const failing = (message: string, minutesAgo: number) =>
  info({ last_error_message: message, last_error_date: (now - minutesAgo * minute) / 1000 })

describe("inspect", () => {
  it("finds nothing where all is well, more kinds of updates included", () => {
    assert.deepStrictEqual(inspect(info(), ours, now), { drift: undefined, error: null, pending: 3 })
    const more = info({ allowed_updates: [...allowedUpdates, "poll"] })
    assert.deepStrictEqual(inspect(more, ours, now), { drift: undefined, error: null, pending: 3 })
  })

  it("finds an address that is gone or somebody else's, and tells no more of that than its host", () => {
    assert.strictEqual(inspect(info({ url: "" }), ours, now).drift?.found, "no_address")
    const other = info({ url: "https://outro.exemplo.com/bot8240789012:AAHsegredo/hook?key=segredo" })
    const { drift, error } = inspect(other, ours, now)
    assert.deepStrictEqual(drift, {
      found: "other_address",
      sentence: "o Telegram tem outro endereço, em outro.exemplo.com"
    })
    assert.strictEqual(error, drift?.sentence)
    assert.strictEqual(inspect(info({ url: "::" }), ours, now).drift?.found, "other_address")
  })

  it("finds updates that Telegram does not tell of, also where its default list leaves them out", () => {
    const some = inspect(info({ allowed_updates: ["message", "my_chat_member"] }), ours, now).drift
    assert.strictEqual(some?.found, "missing_updates")
    assert.match(some?.sentence ?? "", /callback_query, chat_join_request, chat_member$/)
    const { allowed_updates: _, ...byDefault } = info()
    assert.match(inspect(byDefault, ours, now).drift?.sentence ?? "", /sobre chat_member$/)
  })

  it("takes our own 401 and 404 for a secret or an address that is not known here any more", () => {
    const at = (status: string) => inspect(failing(`Wrong response from the webhook: ${status}`, 1), ours, now)
    assert.strictEqual(at("401 Unauthorized").drift?.found, "wrong_secret")
    assert.strictEqual(at("404 Not Found").drift?.found, "not_found")
    const away = at("503 Service Unavailable")
    assert.deepStrictEqual([away.drift, away.error], [undefined, "o nosso endereço respondeu 503 ao Telegram"])
  })

  it("leaves errors alone that are over: from before the registration, or long ago", () => {
    const message = "Wrong response from the webhook: 401 Unauthorized"
    for (const minutesAgo of [61, 16]) {
      assert.deepStrictEqual(inspect(failing(message, minutesAgo), ours, now), {
        drift: undefined,
        error: null,
        pending: 3
      })
    }
    const sinceJustNow = { ...ours, registeredAtMs: now - minute }
    assert.isUndefined(inspect(failing(message, 2), sinceJustNow, now).drift)
    assert.isNull(inspect(failing(message, 2), sinceJustNow, now).error)
  })

  it("says Telegram's complaints in Portuguese and passes no secret on", () => {
    const said = (message: string) => inspect(failing(message, 1), ours, now).error
    assert.match(said("Read timeout expired") ?? "", /não respondeu a tempo/)
    assert.match(said("Connection timed out") ?? "", /não respondeu a tempo/)
    assert.match(said("Can't connect to the webhook") ?? "", /não conseguiu se conectar/)
    assert.notInclude(said("odd 8240789012:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBE") ?? "", "AAHk3fJ2")
  })

  it("is total, and never calls for a registration where address and list are right and nothing fails", () => {
    const word = fc.option(fc.string(), { nil: undefined })
    fc.assert(
      fc.property(word, word, fc.option(fc.nat(), { nil: undefined }), (address, message, date) => {
        const { drift } = inspect(
          {
            ...info(),
            ...JSON.parse(JSON.stringify({ url: address, last_error_message: message, last_error_date: date }))
          },
          ours,
          now
        )
        assert.strictEqual(drift === undefined, address === undefined || address === url)
      })
    )
  })
})
