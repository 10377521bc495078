import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { defaultMetaEvents } from "../../src/domain/tracking.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { inWorld, seen, startNode } from "./support.ts"

const token = "8240789012:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBE"
const pixelToken = "EAABsbCS1234567890ZAZBabcdefghijklmnopqrstuvwxyz"
const facebook = { FACEBOOK_PIXEL_ID: "111222333444555", FACEBOOK_ACCESS_TOKEN: "EAAenvironment-token-0123456789" }

const open = Effect.fnUntraced(function* (env: Readonly<Record<string, string>> = {}) {
  yield* (yield* SandboxTelegram).addBot({ token, username: "vip_bot", name: "VIP" })
  const node = yield* startNode(env)
  yield* node.admin.create({ slug: "vip", token, gateway: "pushinpay" })
  return node
})

describe("tracking settings of a bot", () => {
  it.live("begin with the contract's defaults and the pixel of the environment", () =>
    inWorld(
      Effect.gen(function* () {
        const { admin } = yield* open(facebook)
        assert.deepStrictEqual(yield* admin.tracking("vip"), {
          pixel_id: facebook.FACEBOOK_PIXEL_ID,
          pixel_from: "env",
          pixel_token_masked: "EAAenvi...56789",
          test_event_code: null,
          meta_events: defaultMetaEvents,
          consent_required: false,
          utmify_waiting_payment: true
        })
        assert.deepStrictEqual(yield* admin.presell("vip"), {})
      })
    )
  )

  it.live("keep an own pixel's token sealed, and never lend the environment's to it", () =>
    inWorld(
      Effect.gen(function* () {
        const { admin, bots } = yield* open(facebook)
        const sql = yield* SqlClient.SqlClient
        const without = yield* admin.patchTracking("vip", { pixel_id: "999888777666" })
        assert.deepStrictEqual(
          [without.pixel_id, without.pixel_from, without.pixel_token_masked],
          ["999888777666", "bot", null]
        )
        const own = yield* admin.patchTracking("vip", { pixel_token: pixelToken })
        assert.strictEqual(own.pixel_token_masked, "EAABsbC...vwxyz")
        const [row] = yield* sql<{ text: string }>`select bot_tracking::text as text from bot_tracking`
        assert.notInclude(row?.text, pixelToken)
        const pixel = Option.getOrThrow(Option.getOrThrow(bots.find("vip")).tracking.pixel)
        assert.strictEqual(Redacted.value(Option.getOrThrow(pixel.token)), pixelToken)

        const tried = yield* admin.patchTracking("vip", { test_event_code: "TEST12345" })
        assert.strictEqual(tried.test_event_code, "TEST12345")
        assert.deepStrictEqual(Option.getOrThrow(bots.find("vip")).tracking.testEventCode, Option.some("TEST12345"))

        const other = yield* admin.patchTracking("vip", { pixel_id: "999888777000" })
        assert.deepStrictEqual([other.pixel_token_masked, other.test_event_code], [null, null])
        const again = yield* admin.patchTracking("vip", { pixel_id: null })
        assert.strictEqual(again.pixel_from, "env")
        const refused = yield* Effect.flip(admin.patchTracking("vip", { pixel_token: pixelToken }))
        assert.strictEqual(refused.reason._tag, "Invalid")
        const ofNobody = yield* Effect.flip(admin.patchTracking("vip", { test_event_code: "TEST12345" }))
        assert.match(ofNobody.message, /do pixel do bot/)
      })
    )
  )

  it.live("change part by part, by the API or by SQL, and are in force at once", () =>
    inWorld(
      Effect.gen(function* () {
        const { admin, bots } = yield* open()
        const sql = yield* SqlClient.SqlClient
        yield* admin.patchTracking("vip", {
          meta_events: { bot_start: { name: "Subscribe", action_source: "website" } }
        })
        const view = yield* admin.patchTracking("vip", {
          meta_events: { to_bot_click: { name: null, action_source: "website" } }
        })
        assert.deepStrictEqual(view.meta_events, {
          ...defaultMetaEvents,
          bot_start: { name: "Subscribe", action_source: "website" },
          to_bot_click: { name: null, action_source: "website" }
        })
        yield* admin.putPresell("vip", { title: "Oferta", button: "Entrar" })
        assert.deepStrictEqual(Option.getOrThrow(bots.find("vip")).tracking.presell, {
          title: "Oferta",
          button: "Entrar"
        })
        yield* sql`update bot_tracking set consent_required = true, meta_events = '{"bot_start": 7}', presell = '[]'`
        const bot = yield* seen(bots, ({ tracking }) => tracking.consentRequired)
        assert.deepStrictEqual(bot.tracking.metaEvents, defaultMetaEvents)
        assert.deepStrictEqual(bot.tracking.presell, {})
      })
    )
  )
})
