import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { hasError, isDynamicPix, parsePix } from "pix-utils"
import { brCode, crc16 } from "../../src/sandbox/pushinpay/emv.ts"

describe("BR Codes of the PushinPay stand-in", () => {
  it("carry the published check values", () => {
    assert.strictEqual(crc16("123456789"), "29B1")
    const fixed =
      "00020126580014br.gov.bcb.pix013611111111-2222-4333-8444-555555555555520400005303986540519.905802BR5912LOJA SANDBOX6009SAO PAULO62110507SBX0001630453C2"
    assert.strictEqual(crc16(fixed.slice(0, -4)), "53C2")
    assert.strictEqual(
      brCode({ chargeId: "0f0e0d0c-aaaa-4bbb-8ccc-123456789abc", valueCents: 1990 }),
      "00020101021226840014br.gov.bcb.pix2562pix.sandbox.invalid/qr/v2/0f0e0d0c-aaaa-4bbb-8ccc-123456789abc520400005303986540519.905802BR5912LOJA SANDBOX6009SAO PAULO62070503***63043BF0"
    )
  })

  it("are read by an independent reader, whatever the value and the length, and never as payable", () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.integer({ min: 50, max: 10_000_000 }),
        fc.nat(512),
        (chargeId, valueCents, minLength) => {
          const code = brCode({ chargeId, valueCents, minLength })
          assert.isAtLeast(code.length, minLength)
          assert.isAtMost(code.length, Math.max(512, minLength + 40))
          const parsed = parsePix(code)
          assert.isFalse(hasError(parsed))
          if (hasError(parsed) || !isDynamicPix(parsed)) return assert.fail("not a dynamic code")
          assert.strictEqual(parsed.url, `pix.sandbox.invalid/qr/v2/${chargeId}`)
          assert.include(code, `540${(valueCents / 100).toFixed(2).length}${(valueCents / 100).toFixed(2)}`)
        }
      )
    )
  })

  it("are refused by that reader when a single digit changes", () => {
    const code = brCode({ chargeId: "0f0e0d0c-aaaa-4bbb-8ccc-123456789abc", valueCents: 1990 })
    assert.isTrue(hasError(parsePix(code.replace("19.90", "19.91"))))
  })
})
