import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { messageOf } from "../../src/payments/gateways/http.ts"
import { reaisField, toReais } from "../../src/payments/gateways/reais.ts"
import { isKnownStatus } from "../../src/payments/gateways/syncpay/status.ts"
import { readAnswer, readCharge, readEvents, readState } from "../../src/payments/gateways/syncpay/wire.ts"

const id = "5a5b5c5d-1234-4321-8abc-0123456789ab"
const bytes = (text: string) => new TextEncoder().encode(text)
const read = (body: unknown, event?: string) => readEvents(bytes(JSON.stringify(body)), event)

describe("reais", () => {
  it("hold every centavo there and back, as numbers and as texts", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2_147_483_647 }), (cents) => {
        const wire = JSON.stringify({ amount: toReais(cents) })
        assert.match(wire, /^\{"amount":\d+(\.\d{1,2})?\}$/)
        assert.strictEqual(reaisField((JSON.parse(wire) as { amount: number }).amount), cents)
        const text = `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`
        assert.strictEqual(Number(text), toReais(cents))
        if (cents < 10_000_000_00) assert.strictEqual(reaisField(text), cents)
      })
    )
  })

  it("lose no centavo to the gateway's own additions", () => {
    const cents = fc.integer({ min: 1, max: 1_000_000 })
    fc.assert(
      fc.property(cents, cents, cents, (a, b, c) => {
        assert.strictEqual(reaisField(toReais(a) + toReais(b) + toReais(c)), a + b + c)
      })
    )
  })

  it.each([
    [19.9, 1990],
    [20, 2000],
    ["10.00", 1000],
    ["10,5", 1050],
    [" 7 ", 700],
    ["0.1", 10],
    [0, 0],
    ["19.900000", 1990],
    [19.905, undefined],
    ["19.905", undefined],
    ["1.234,56", undefined],
    ["1e3", undefined],
    ["-5", undefined],
    [-5, undefined],
    ["", undefined],
    [Number.NaN, undefined],
    [Number.POSITIVE_INFINITY, undefined],
    [99_999_999, undefined],
    [true, undefined],
    [null, undefined]
  ])("%j is %s centavos", (value, cents) => assert.strictEqual(reaisField(value), cents))
})

const contractA = {
  data: {
    id: "123456",
    idtransaction: id.toUpperCase(),
    externalreference: "c0ffee",
    status: "PAID_OUT",
    amount: 19.9,
    deposito_liquido: 18.9,
    taxa_deposito: 1.0,
    taxa_adquirente: 0.1,
    client_name: "Ana Sousa",
    client_document: "***.456.789-**"
  }
}

const cashin = {
  id,
  client: { name: "Ana Sousa", email: null, document: "***.456.789-**" },
  amount: 19.9,
  final_amount: 18.9,
  currency: "BRL",
  status: "completed",
  payment_method: "PIX",
  end_to_end: "E1234"
}

const contractC = {
  event: "transaction.updated",
  event_id: "00000000-0000-4000-8000-000000000000",
  transaction: {
    reference_id: id,
    status: "completed",
    previous_status: "pending",
    amount: 19.9,
    net_amount: 18.9,
    end_to_end_id: "E1234",
    paid_at: "2026-01-10T14:32:10Z",
    refunded_at: null
  },
  customer: { reference_id: "1", name: "Ana Sousa", document: "***.456.789-**" }
}

const paid = {
  id,
  status: "paid",
  valueCents: 1990,
  netCents: 1890,
  feeCents: 100,
  payerName: "Ana Sousa",
  payerDocument: "***.456.789-**"
} as const

describe("SyncPay's webhooks", () => {
  it.each([
    ["A", contractA, undefined, "PAID_OUT", undefined],
    ["B, the older form", { data: cashin }, "cashin.update", "completed", "E1234"],
    [
      "B, the newer form",
      { ...cashin, amount: "19.90", final_amount: "18.90" },
      "cashin.updated",
      "completed",
      "E1234"
    ],
    ["C", contractC, "transaction.updated", "completed", "E1234"]
  ])("%s says who paid what, and what is left of it", (_, body, event, rawStatus, endToEndId) =>
    assert.deepStrictEqual(read(body, event), [{ ...paid, rawStatus, endToEndId } as const])
  )

  it("a withdrawal is no sale, whether a header says so or only its fields", () => {
    const cashout = { ...cashin, pix_key: "a@b.c", pix_type: "EMAIL", client: undefined }
    assert.deepStrictEqual(read({ data: cashin }, "cashout.update"), [])
    assert.deepStrictEqual(read({ ...contractC, event: "cashout.created" }), [])
    assert.deepStrictEqual(read({ data: cashout }), [])
    assert.deepStrictEqual(read(cashout, "cashin.update"), [])
  })

  it("an infraction disputes the charge, whatever its status says", () =>
    assert.deepInclude(read({ data: cashin }, "infraction.create")[0], {
      id,
      status: "charged_back",
      rawStatus: "infraction"
    }))

  it("a number of its own under id is no charge of ours", () => {
    const { idtransaction: _, ...rest } = contractA.data
    assert.isUndefined(read({ data: rest })[0]?.id)
  })

  it("an amount that is no amount makes the webhook say nothing; none at all does not", () => {
    assert.deepStrictEqual(read({ data: { ...cashin, amount: "muito" } }), [])
    assert.deepStrictEqual(read({ data: { ...cashin, amount: 19.905 } }), [])
    assert.deepInclude(read({ data: { ...cashin, amount: null } })[0], { status: "paid", valueCents: undefined })
  })

  it("a net that is more than the gross is not believed", () => {
    const [state] = read({ data: { ...cashin, final_amount: 20 } })
    assert.deepStrictEqual([state?.netCents, state?.feeCents], [undefined, undefined])
  })

  it.each(["", "{", "[]", "null", "[null, 1, {}]", "{}", '{"data":[]}', "id=1&status=paid", "<html>", "\u0000"])(
    "says nothing when it is odd: %s",
    (body) => assert.deepStrictEqual(readEvents(bytes(body), "cashin.update"), [])
  )

  it("never fails, and never lets through what a database cannot hold", () => {
    const text = fc.string({ unit: "binary" })
    const inner = fc.record(
      { id: text, idtransaction: fc.jsonValue(), status: text, amount: fc.jsonValue(), client: fc.jsonValue() },
      { requiredKeys: [] }
    )
    const body = fc.oneof(
      fc.uint8Array(),
      fc.json().map(bytes),
      inner.map((one) => bytes(JSON.stringify({ data: one }))),
      inner.map((one) => bytes(JSON.stringify({ transaction: one })))
    )
    fc.assert(
      fc.property(body, fc.option(text, { nil: undefined }), (raw, event) => {
        for (const state of readEvents(raw, event)) {
          const written = JSON.stringify(state)
          assert.isFalse(written.includes("\\u0000"))
          assert.isTrue(written.isWellFormed())
          assert.isTrue(state.id === undefined || /^[a-z0-9][a-z0-9_:-]*$/.test(state.id))
          assert.isTrue(state.valueCents === undefined || Number.isInteger(state.valueCents))
        }
      })
    )
  })

  it("holds at most fifty events", () =>
    assert.strictEqual(read(Array.from({ length: 500 }, () => contractA)).length, 50))
})

describe("SyncPay's states", () => {
  it.each([
    ["pending", "pending"],
    ["WAITING_FOR_APPROVAL", "pending"],
    ["waiting_for_aproval", "pending"],
    ["Completed", "paid"],
    ["PAID_OUT", "paid"],
    ["succeeded", "paid"],
    ["failed", "failed"],
    ["refused", "failed"],
    ["expired", "expired"],
    ["cancelled", "canceled"],
    ["refunded", "refunded"],
    ["med", "charged_back"],
    ["chargedback", "charged_back"],
    ["em_analise", "pending"]
  ])("%s is %s", (status, ours) => assert.strictEqual(readState({ data: { id, status } })?.status, ours))

  it("a word that nobody knows is told apart", () => {
    assert.isTrue(isKnownStatus("PAID_OUT"))
    assert.isFalse(isKnownStatus("em_analise"))
  })

  it.each([
    ["pending", { paid_at: "2026-01-10" }, "paid"],
    ["em_analise", { paid_at: "2026-01-10" }, "paid"],
    ["completed", { paid_at: "2026-01-10", refunded_at: "2026-01-11" }, "refunded"],
    ["failed", { paid_at: "2026-01-10" }, "failed"],
    ["chargedback", { refunded_at: "2026-01-10" }, "charged_back"],
    ["pending", { paid_at: null, refunded_at: "" }, "pending"]
  ])("%s with %j is %s", (status, dates, ours) =>
    assert.strictEqual(readState({ data: { id, status, ...dates } })?.status, ours)
  )

  it.each([
    ["the first version", { data: { reference_id: "outra", status: "completed", amount: 19.9 } }],
    ["the second version", { data: { transaction: { reference_id: "outra", status: "completed", amount: "19.90" } } }],
    ["no envelope", { reference_id: "outra", status: "completed", amount: 19.9 }]
  ])("the query's answer in %s names no id, as it may be another one", (_, body) => {
    const { id: named, status, valueCents } = readAnswer(body) ?? {}
    assert.deepStrictEqual([named, status, valueCents], [undefined, "paid", 1990])
  })
})

describe("SyncPay's new charge", () => {
  const code = "00020101021226840014br.gov.bcb.pix6304ABCD"

  it.each([
    { identifier: id.toUpperCase(), pix_code: code },
    { data: { identifier: id, pix_code: code } },
    { idtransaction: id, paymentCode: code },
    { data: { transaction_id: id, copy_paste: code } },
    { id, qr_code: code }
  ])("is read from %j", (body) => assert.deepStrictEqual(readCharge(body), { id, pixCode: code, rawStatus: "pending" }))

  it.each([undefined, null, "x", {}, { identifier: id }, { pix_code: code }, { identifier: "../x", pix_code: code }])(
    "is none without both id and code: %j",
    (body) => assert.isUndefined(readCharge(body))
  )
})

describe("a gateway's explanation", () => {
  it.each([
    [{ message: "Cashin exceeds max_cashin_without_fee" }, "Cashin exceeds max_cashin_without_fee"],
    [{ detail: "sem limite" }, "sem limite"],
    [{ error: "invalid_client", error_description: "credencial errada" }, "credencial errada"],
    [{ title: "Bad Request" }, "Bad Request"],
    [{ message: "Dados inválidos.", errors: { "client.cpf": ["CPF inválido."] } }, "Dados inválidos. (CPF inválido.)"],
    [{ message: "mínimo 50.", errors: { value: ["mínimo 50."] } }, "mínimo 50."],
    [{ errors: { value: ["mínimo 50."] } }, "mínimo 50."],
    [{ message: {}, errors: [] }, "sem explicação"],
    ["<html>", "sem explicação"],
    [undefined, "sem explicação"]
  ])("%j is: %s", (body, words) => assert.strictEqual(messageOf(body), words))
})
