import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SandboxUtmify } from "../../src/sandbox/utmify/SandboxUtmify.ts"
import { ask } from "./support.ts"

const now = () => new Date().toISOString().slice(0, 19).replace("T", " ")

const order = (changes: object = {}) => ({
  orderId: "p1",
  platform: "Funil",
  paymentMethod: "pix",
  status: "waiting_payment",
  createdAt: now(),
  approvedDate: null,
  refundedAt: null,
  customer: { name: "Ana", email: "a@b.co", phone: null, document: null },
  products: [{ id: "7", name: "Mensal", planId: null, planName: null, quantity: 1, priceInCents: 1990 }],
  trackingParameters: {
    src: null,
    sck: null,
    utm_source: "FB",
    utm_campaign: null,
    utm_medium: null,
    utm_content: null,
    utm_term: null
  },
  commission: { totalPriceInCents: 1990, gatewayFeeInCents: 0, userCommissionInCents: 1990 },
  ...changes
})

const send = (body: object, token?: string) =>
  Effect.gen(function* () {
    const utmify = yield* SandboxUtmify
    const headers = { "x-api-token": token ?? (yield* utmify.token) }
    return yield* ask(`${utmify.url}/api-credentials/orders`, { body, headers })
  })

describe("the UTMify stand-in", () => {
  it.live("keeps orders with their history, and notes what a real account would suffer from", () =>
    Effect.gen(function* () {
      const utmify = yield* SandboxUtmify
      const createdAt = now()
      assert.strictEqual((yield* send(order({ createdAt }))).status, 200)
      assert.strictEqual((yield* send(order({ createdAt, status: "paid", approvedDate: now() }))).status, 200)
      assert.strictEqual((yield* send(order({ createdAt: "2020-01-01 00:00:00" }))).status, 200)
      const [kept] = yield* utmify.orders
      assert.deepStrictEqual(
        kept?.history.map(({ status }) => status),
        ["waiting_payment", "paid", "waiting_payment"]
      )
      assert.deepStrictEqual(kept?.notes, ["createdAt changed", "status went back from paid", "too old"])
      yield* send(order({ orderId: "p2", isTest: true }))
      assert.lengthOf(yield* utmify.orders, 1)
    }).pipe(Effect.provide(SandboxUtmify.layer))
  )

  it.live("answers as UTMify does to an unknown credential and to a faulty order", () =>
    Effect.gen(function* () {
      const stranger = yield* send(order(), "outra")
      assert.strictEqual(stranger.status, 404)
      assert.deepStrictEqual(stranger.json, {
        OK: false,
        data: { type: "API_CREDENTIAL" },
        result: "ERROR",
        statusCode: 404,
        message: "API_CREDENTIAL_NOT_FOUND"
      })
      const customer = { ...order().customer, ip: null }
      const { status, json } = yield* send({
        ...order({ customer, status: "expired", createdAt: "2025-11-07T10:00:00Z" }),
        refundedAt: undefined
      })
      assert.strictEqual(status, 400)
      assert.strictEqual(json.message, "SCHEMA_VALIDATION_FAILED")
      assert.strictEqual(json.data["customer.ip"], "customer.ip cannot be null")
      assert.hasAllKeys(json.data, ["customer.ip", "status", "createdAt", "refundedAt"])
    }).pipe(Effect.provide(SandboxUtmify.layer))
  )
})
