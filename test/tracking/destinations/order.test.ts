import { assert, describe, it } from "@effect/vitest"
import type { ReportFacts } from "../../../src/repo/ReportFactsRepo.ts"
import { outcomeOf } from "../../../src/tracking/destinations/utmify/answer.ts"
import { longestAgeMs, orderOf } from "../../../src/tracking/destinations/utmify/order.ts"

const facts: ReportFacts = {
  rowId: 1,
  sessionId: "sessao",
  consent: null,
  landingUrl: null,
  referrer: null,
  utmSource: "FB",
  utmMedium: "Conjunto|120",
  utmCampaign: "Promoção Ação|987",
  utmContent: "Anúncio|55",
  utmTerm: "Instagram_Feed",
  src: null,
  sck: "s1",
  fbp: null,
  fbc: null,
  ip: "189.10.20.30",
  userAgent: null,
  telegramId: 7205343917,
  botUserId: 42,
  personName: "Ana Souza",
  transactionId: "8d1f",
  createdAt: new Date("2025-11-07T14:35:13.987Z"),
  paidAt: new Date("2025-11-07T14:36:00.100Z"),
  refundedAt: new Date("2025-11-09T00:00:00.000Z"),
  valueCents: 1990,
  feeCents: 30,
  netCents: null,
  planId: 7,
  planName: "Mensal"
}
const options = { mailDomain: "loja.com.br", agreed: true }

describe("an order for UTMify", () => {
  it("has every key, its dates in UTC to the second, and a commission that adds up", () => {
    assert.deepStrictEqual(orderOf("pix_created", facts, options), {
      orderId: "8d1f",
      platform: "Funil",
      paymentMethod: "pix",
      status: "waiting_payment",
      createdAt: "2025-11-07 14:35:13",
      approvedDate: null,
      refundedAt: null,
      customer: {
        name: "Ana Souza",
        email: "cliente-42@loja.com.br",
        phone: null,
        document: null,
        country: "BR",
        ip: "189.10.20.30"
      },
      products: [{ id: "7", name: "Mensal", planId: null, planName: null, quantity: 1, priceInCents: 1990 }],
      trackingParameters: {
        src: null,
        sck: "s1",
        utm_source: "FB",
        utm_campaign: "Promoção Ação|987",
        utm_medium: "Conjunto|120",
        utm_content: "Anúncio|55",
        utm_term: "Instagram_Feed"
      },
      commission: { totalPriceInCents: 1990, gatewayFeeInCents: 30, userCommissionInCents: 1960, currency: "BRL" }
    })
  })

  it("keeps createdAt whatever happens, and the payment's date when it is taken back", () => {
    const [paid, refunded, back] = (["pix_paid", "pix_refunded", "pix_charged_back"] as const).map((fact) =>
      orderOf(fact, facts, options)
    )
    assert.deepInclude(paid, { status: "paid", approvedDate: "2025-11-07 14:36:00", refundedAt: null })
    const taken = { approvedDate: "2025-11-07 14:36:00", refundedAt: "2025-11-09 00:00:00" }
    assert.deepInclude(refunded, { status: "refunded", ...taken })
    assert.deepInclude(back, { status: "chargedback", ...taken })
    for (const order of [paid, refunded, back]) assert.strictEqual(order?.createdAt, "2025-11-07 14:35:13")
  })

  it("never says a null ip, and nothing personal of whoever did not agree", () => {
    assert.notProperty(orderOf("pix_paid", { ...facts, ip: null }, options).customer, "ip")
    const text = JSON.stringify(orderOf("pix_paid", facts, { ...options, agreed: false }))
    for (const secret of ["Ana", "189.10", "cliente-42", "7205343917"]) assert.notInclude(text, secret)
  })

  it("an unknown fee is none, and no fee is more than the price", () => {
    const commission = (changes: Partial<ReportFacts>) =>
      orderOf("pix_paid", { ...facts, ...changes }, options).commission.userCommissionInCents
    assert.strictEqual(commission({ feeCents: null }), 1990)
    assert.strictEqual(commission({ feeCents: null, netCents: 1900 }), 1900)
    assert.strictEqual(commission({ feeCents: 5000 }), 0)
  })

  it("an order is told for 7 days, what takes it back for 45", () => {
    const days = (fact: Parameters<typeof longestAgeMs>[0]) => Math.ceil(longestAgeMs(fact) / 86_400_000)
    assert.deepStrictEqual([days("pix_created"), days("pix_paid"), days("pix_refunded")], [7, 7, 45])
  })
})

describe("UTMify's answer", () => {
  const answer = (status: number, body: unknown = undefined) =>
    outcomeOf({ status, body, headers: {}, retryAfterSeconds: undefined })

  it("404 is a credential that somebody must mend, never a lost order", () => {
    assert.deepInclude(answer(404), { _tag: "Away", alarm: true })
  })

  it("names the fields that were refused, and none of their values", () => {
    const body = {
      OK: false,
      data: { "customer.ip": "customer.ip cannot be null" },
      message: "SCHEMA_VALIDATION_FAILED"
    }
    assert.deepStrictEqual(answer(400, body), {
      _tag: "Failed",
      reason: "a UTMify recusou o pedido (resposta 400): customer.ip"
    })
  })

  it("what may pass is tried again", () => {
    for (const status of [408, 425, 429, 500, 502, 503, 302]) assert.strictEqual(answer(status)._tag, "Away")
    for (const status of [200, 201]) assert.strictEqual(answer(status)._tag, "Sent")
  })
})
