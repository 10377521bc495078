import { assert, describe, it } from "@effect/vitest"
import { gatewayOf } from "../../src/bots/gateway.ts"

describe("gatewayOf", () => {
  const legacy = { telegramBotId: null }
  const ours = { telegramBotId: 824078912 }

  it("reads V2's choice, also beside the default that V3's migration wrote", () => {
    assert.strictEqual(gatewayOf({ provider: "pushinpay", gatewayDefault: "pushinpay", ...legacy }), "pushinpay")
    assert.strictEqual(gatewayOf({ provider: "SyncPay ", gatewayDefault: "pushinpay", ...legacy }), "syncpay")
  })

  it("reads V3's choice: its bots have no provider, and its later change of a V2 bot stands only in gateway_default", () => {
    assert.strictEqual(gatewayOf({ provider: null, gatewayDefault: "syncpay", ...legacy }), "syncpay")
    assert.strictEqual(gatewayOf({ provider: " ", gatewayDefault: "pushinpay", ...legacy }), "pushinpay")
    assert.strictEqual(gatewayOf({ provider: "pushinpay", gatewayDefault: "syncpay", ...legacy }), "syncpay")
  })

  it("follows provider in rows of Funil, so that plain SQL on it counts in both directions", () => {
    assert.strictEqual(gatewayOf({ provider: "syncpay", gatewayDefault: "pushinpay", ...ours }), "syncpay")
    assert.strictEqual(gatewayOf({ provider: "pushinpay", gatewayDefault: "syncpay", ...ours }), "pushinpay")
  })
})
