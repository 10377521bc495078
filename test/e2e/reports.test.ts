import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { DEFAULT_TOKEN } from "../../src/sandbox/meta/Dataset.ts"
import { sha256 } from "../../src/tracking/destinations/facebook/userData.ts"
import { ana, botToken, sentTo } from "../support/shop.ts"
import { World } from "../support/world.ts"

const fbp = "fb.1.1596403881668.1116446470"
const fbclid = "IwAR0abcDEF_-123456789"
const campaign = "Coração | Promoção|120210000000000001"
const landing = `https://loja.com.br/oferta?utm_source=FB&utm_campaign=${encodeURIComponent(campaign)}&fbclid=${fbclid}`
const phone = "Mozilla/5.0 (Linux; Android 14; wv) Chrome/130.0 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/440.0;]"
const headers = { "user-agent": phone, "x-forwarded-for": "203.0.113.7" }

describe("from the ad to Meta and UTMify", () => {
  it.live("one buyer is five events with one click's traits and one order, and no token is seen", () =>
    Effect.gen(function* () {
      const { sandbox, service } = yield* World
      const { meta, pushinpay, telegram, utmify } = sandbox
      const view = yield* service.request("POST", "/api/track/view", { bot: "vip", url: landing, fbp }, headers)
      const { bot_url, event_id, session } = view.json
      yield* Effect.promise(() => fetch(bot_url, { redirect: "manual", headers }))
      yield* telegram.person(ana)
      yield* telegram.sendText(botToken, ana, `/start ${session}`)
      yield* telegram.waitFor(sentTo(ana.id, /Olá/))
      yield* telegram.press(botToken, ana, "Quero o mensal")
      const charge = yield* pushinpay.waitForCharge(() => true)
      yield* telegram.waitFor(sentTo(ana.id, /<code>/))
      yield* pushinpay.pay(charge.id)
      yield* telegram.waitFor(sentTo(ana.id, /Seu acesso/))

      const names = ["PageView", "Contact", "Lead", "InitiateCheckout", "Purchase"]
      for (const name of names) yield* meta.waitForEvents((event) => event.name === name)
      const events = yield* meta.received
      assert.deepStrictEqual(
        events.map(({ name }) => name),
        names
      )
      assert.deepStrictEqual(
        events.flatMap(({ notes }) => notes),
        []
      )
      assert.strictEqual(events[0]?.eventId, event_id)
      for (const { event } of events) {
        const user = event["user_data"] as Readonly<Record<string, unknown>>
        assert.deepInclude(user, { fbp, client_ip_address: "203.0.113.7", client_user_agent: phone })
        assert.match(String(user["fbc"]), new RegExp(`^fb\\.1\\.\\d{13}\\.${fbclid}$`))
        assert.include(user["external_id"], sha256(session))
      }
      assert.deepInclude(events[4]?.event["custom_data"], { value: 19.9, currency: "BRL" })

      const order = yield* utmify.waitForOrder(({ history }) => history.at(-1)?.status === "paid")
      assert.deepStrictEqual(
        order.history.map(({ status }) => status),
        ["waiting_payment", "paid"]
      )
      assert.deepStrictEqual(order.notes, [])
      const { customer, trackingParameters } = order.history[1]!.body as Readonly<Record<string, object>>
      assert.deepInclude(trackingParameters, { utm_source: "FB", utm_campaign: campaign })
      assert.deepInclude(customer, { ip: "203.0.113.7" })

      const deliveries = yield* service.admin("GET", "/api/admin/deliveries?status=failed")
      assert.deepStrictEqual(deliveries.json.items, [])
      for (const text of [service.log, deliveries.text]) {
        for (const secret of [DEFAULT_TOKEN, yield* utmify.token]) assert.notInclude(text, secret)
      }
    }).pipe(Effect.provide(World.layerWith({ telegram: { timeScale: 0.01 } })))
  )
})
