import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { centsField, idField, sameSecret, textField } from "../../src/payments/gateways/fields.ts"
import { readCharge, readEvents, readState } from "../../src/payments/gateways/pushinpay/wire.ts"

const id = "9d3f2b1a-1111-4222-8333-444455556666"
const bytes = (text: string) => new TextEncoder().encode(text)
const fields = {
  id: id.toUpperCase(),
  status: "paid",
  value: 1990,
  end_to_end_id: "E12345678202601101316ABCDEFGHIJK",
  payer_name: "Fulano & Cia",
  payer_national_registration: "***.456.789-**"
}
const expected = {
  id,
  status: "paid",
  rawStatus: "paid",
  valueCents: 1990,
  feeCents: undefined,
  netCents: undefined,
  endToEndId: "E12345678202601101316ABCDEFGHIJK",
  payerName: "Fulano & Cia",
  payerDocument: "***.456.789-**"
} as const

const form = (values: Readonly<Record<string, string | number>>) =>
  new URLSearchParams(Object.entries(values).map(([key, value]): [string, string] => [key, String(value)])).toString()

describe("PushinPay's webhook body", () => {
  it.each([
    ["form data", form(fields)],
    ["JSON", JSON.stringify(fields)],
    ["JSON behind white space and a byte order mark", `\ufeff \n${JSON.stringify(fields)}`],
    ["numbers as texts", JSON.stringify({ ...fields, value: "1990" })],
    ["a data envelope", JSON.stringify({ data: fields })],
    ["a list", JSON.stringify([fields])],
    ["transaction_id", form({ ...fields, id: "", transaction_id: id })]
  ])("is read as %s", (_, body) => assert.deepStrictEqual(readEvents(bytes(body)), [expected]))

  it.each([
    "",
    "{",
    "[]",
    "null",
    "[null, 1, {}]",
    "{}",
    '{"id":"x"}',
    "id=1&value=2",
    "<html></html>",
    '{"status":null,"id":"a"}',
    '{"status":{},"id":"a"}',
    '{"status":"paid","id":"a","value":"19.90"}',
    '{"status":"paid","id":"a","value":{}}',
    "id=a&status=paid&value=muito",
    "\u0000\u0000"
  ])("says nothing when it is odd: %s", (body) => assert.deepStrictEqual(readEvents(bytes(body)), []))

  it("never fails, and never lets through what a database cannot hold", () => {
    const status = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("paid", "canceled"), fc.double())
    const body = fc.oneof(
      fc.uint8Array(),
      fc.string({ unit: "binary" }).map(bytes),
      fc.json().map(bytes),
      fc
        .record({ id: fc.string({ unit: "binary" }), status, value: fc.jsonValue(), payer_name: fc.jsonValue() })
        .map((record) => bytes(JSON.stringify(record)))
    )
    fc.assert(
      fc.property(body, (raw) => {
        for (const event of readEvents(raw)) {
          const written = JSON.stringify(event)
          assert.isFalse(written.includes("\\u0000"))
          assert.isTrue(written.isWellFormed())
          assert.isTrue(event.id === undefined || /^[a-z0-9][a-z0-9_:-]*$/.test(event.id))
          assert.isTrue(event.valueCents === undefined || Number.isInteger(event.valueCents))
        }
      })
    )
  })

  it("holds at most fifty events", () => {
    assert.strictEqual(readEvents(bytes(JSON.stringify(Array.from({ length: 500 }, () => fields)))).length, 50)
  })
})

describe("PushinPay's states", () => {
  it.each([
    ["created", "pending"],
    ["PAID", "paid"],
    ["PAGO", "paid"],
    ["approved", "paid"],
    ["canceled", "canceled"],
    ["cancelled", "canceled"],
    ["expired", "expired"],
    ["refunded", "refunded"],
    ["chargeback", "charged_back"],
    ["under_review", "pending"]
  ])("%s is %s", (status, ours) => assert.strictEqual(readState({ id, status })?.status, ours))

  it("a canceled charge that carries a transfer was paid and given back", () => {
    assert.strictEqual(readState({ id, status: "canceled", end_to_end_id: "E123" })?.status, "refunded")
    assert.strictEqual(readState({ id, status: "canceled", end_to_end_id: {} })?.status, "canceled")
  })

  it("the fee gives the net value", () => {
    const state = readState({ id, status: "paid", value: "1990", fee: "30" })
    assert.deepInclude(state, { valueCents: 1990, feeCents: 30, netCents: 1960 })
  })
})

describe("PushinPay's new charge", () => {
  const code = "00020101021226840014br.gov.bcb.pix6304ABCD"

  it("keeps the id in lower case", () => {
    const charge = readCharge({ id: id.toUpperCase(), qr_code: code, status: "created", value: 1990 })
    assert.deepStrictEqual(charge, { id, pixCode: code, rawStatus: "created" })
  })

  it.each([undefined, null, "x", {}, { id }, { qr_code: code }, { id: "../x", qr_code: code }, { id, qr_code: {} }])(
    "is none without both id and code: %j",
    (body) => assert.isUndefined(readCharge(body))
  )
})

describe("fields", () => {
  it.each([
    ["1990", 1990],
    [1990, 1990],
    [19.9, undefined],
    ["19.90", undefined],
    [-5, undefined],
    ["99999999999", undefined],
    [Number.NaN, undefined],
    [true, undefined]
  ])("%s is %s centavos", (value, cents) => assert.strictEqual(centsField(value), cents))

  it.each(["..", "a/b", "a.b", "", " ", "a b", "-a", "x".repeat(101)])("%s is no id", (text) =>
    assert.isUndefined(idField(text))
  )

  it("a text loses NUL and half characters", () => {
    assert.strictEqual(textField("a\u0000b\ud800"), "ab")
    assert.strictEqual(textField(`${"x".repeat(199)}😀`)?.isWellFormed(), true)
  })

  it("secrets of any length are compared", () => {
    assert.isTrue(sameSecret("abc", "abc"))
    assert.isFalse(sameSecret("abc", "abcd"))
    assert.isFalse(sameSecret("", "a"))
  })
})
