import { assert, describe, it } from "@effect/vitest"
import { Redacted } from "effect"
import { proofOf } from "../../src/payments/gateways/syncpay/proof.ts"

const token = "whsec_5f1d7a"
const t = 1767969130
const bytes = (text: string) => new TextEncoder().encode(text)

// Made with `openssl dgst -sha256 -hmac` and Python's hmac, not with the code under test.
const golden = [
  [
    "JSON",
    bytes(
      '{"event":"transaction.updated","transaction":{"reference_id":"5a5b5c5d-1234-4321-8abc-0123456789ab",' +
        '"status":"completed","amount":19.9}}'
    ),
    "d47a05d5e49f009d8cac2eb26231b139cccd89a13b6211d67b0577b916479e1a"
  ],
  [
    "bytes that are no text",
    new Uint8Array([0x7b, 0xff, 0x00, 0x22, 0xe2, 0x28, 0xa1, 0x0d, 0x0a, 0x7d]),
    "7c48dccd2363fab0213cb5e8f30ddbe834864ed9faa5404173c807c62883454b"
  ],
  ["nothing at all", new Uint8Array(), "a1f85ead0f42b1636c8f0e794e06694919519dcdba5fef7fed01ea7aa925ea79"]
] as const

const [, body, v1] = golden[0]

const prove = (
  headers: Record<string, string>,
  { nowSeconds = t, raw = body, tokens = [token] }: { nowSeconds?: number; raw?: Uint8Array; tokens?: string[] } = {}
) => {
  const proof = proofOf(
    { headers, query: "", body: raw },
    tokens.map((one) => Redacted.make(one)),
    nowSeconds * 1000
  )
  return "refused" in proof ? "refused" : proof.proof
}

const signature = (value: string) => ({ "x-syncpay-signature": value })

describe("SyncPay's signature", () => {
  it.each(golden)("holds over %s", (_, raw, hex) =>
    assert.strictEqual(prove(signature(`t=${t},v1=${hex}`), { raw }), "signed")
  )

  it.each([
    ["a space behind the comma", `t=${t}, v1=${v1}`],
    ["the other order", `v1=${v1},t=${t}`],
    ["capitals", `t=${t},v1=${v1.toUpperCase()}`],
    ["a further version", `t=${t},v1=${v1},v2=abc`]
  ])("is read with %s", (_, header) => assert.strictEqual(prove(signature(header)), "signed"))

  it.each([
    ["another time", `t=${t + 1},v1=${v1}`],
    ["one digit changed", `t=${t},v1=${v1.slice(0, -1)}0`],
    ["a leading zero in the time", `t=0${t},v1=${v1}`],
    ["half of it", `t=${t},v1=${v1.slice(0, 32)}`],
    ["no time", `v1=${v1}`],
    ["no signature", `t=${t}`],
    ["nothing", ""],
    ["nonsense", "sim, sou eu"]
  ])("is refused with %s", (_, header) => assert.strictEqual(prove(signature(header)), "refused"))

  it("covers every byte", () => {
    for (const at of [0, 40, body.length - 1]) {
      const raw = Uint8Array.from(body)
      raw[at] = (raw[at] ?? 0) ^ 1
      assert.strictEqual(prove(signature(`t=${t},v1=${v1}`), { raw }), "refused")
    }
  })

  it.each([
    [0, "signed"],
    [300, "signed"],
    [-300, "signed"],
    [301, "refused"],
    [-301, "refused"],
    [86_400, "refused"]
  ])("is worth what it says for 300 s: after %d s it is %s", (late, outcome) =>
    assert.strictEqual(prove(signature(`t=${t},v1=${v1}`), { nowSeconds: t + late }), outcome)
  )

  it("is compared with every token there is, and with none proves nothing", () => {
    const header = signature(`t=${t},v1=${v1}`)
    assert.strictEqual(prove(header, { tokens: ["outro", token] }), "signed")
    assert.strictEqual(prove(header, { tokens: ["outro"] }), "refused")
    assert.strictEqual(prove(header, { tokens: [] }), "none")
  })
})

describe("SyncPay's bearer", () => {
  it.each([
    [{ authorization: `Bearer ${token}` }, "signed"],
    [{ authorization: `bearer  ${token} ` }, "signed"],
    [{ authorization: "Bearer outro" }, "refused"],
    [{ authorization: `Bearer ${token}x` }, "refused"],
    [{ authorization: "Basic abc" }, "none"],
    [{ authorization: "" }, "none"],
    [{}, "none"]
  ])("%j is %s", (headers: Record<string, string>, outcome) => assert.strictEqual(prove(headers), outcome))

  it("does not make up for a wrong signature", () =>
    assert.strictEqual(
      prove({ authorization: `Bearer ${token}`, "x-syncpay-signature": `t=${t},v1=${"0".repeat(64)}` }),
      "refused"
    ))
})
