import { assert, describe, it } from "@effect/vitest"
import { Option } from "effect"
import * as fc from "fast-check"
import {
  type Callback,
  decodeCallback,
  downsellSource,
  encodeOptOut,
  encodePlan,
  encodeVerify,
  shotSource
} from "../../src/domain/callback.ts"

const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
const source = id.chain((number) => fc.constantFrom(downsellSource(number), shotSource(number)))
const plan = fc.record(
  { planId: id, priceCents: fc.integer({ min: 1, max: 2_147_483_647 }), source },
  { requiredKeys: ["planId"] }
)

const encode = (callback: Callback): string => {
  switch (callback._tag) {
    case "Plan":
      return encodePlan(callback)
    case "Verify":
      return encodeVerify(callback.paymentId)
    case "OptOut":
      return encodeOptOut
  }
}

describe("callback data", () => {
  it("a plan's tap comes back as it was sent, in Telegram's 64 bytes", () => {
    fc.assert(
      fc.property(plan, (tap) => {
        const data = encodePlan(tap)
        assert.isAtMost(Buffer.byteLength(data), 64)
        assert.deepStrictEqual(decodeCallback(data), Option.some({ _tag: "Plan" as const, ...tap }))
      })
    )
  })

  it("so does a verification", () => {
    fc.assert(
      fc.property(id, (paymentId) => {
        assert.isAtMost(Buffer.byteLength(encodeVerify(paymentId)), 64)
        assert.deepStrictEqual(
          decodeCallback(encodeVerify(paymentId)),
          Option.some({ _tag: "Verify" as const, paymentId })
        )
      })
    )
  })

  it("is short for the usual case", () => {
    assert.strictEqual(encodePlan({ planId: 3, priceCents: 1990, source: "d12" }), "p:3:1990:d12")
    assert.strictEqual(encodePlan({ planId: 3, source: "s7" }), "p:3:s7")
    assert.strictEqual(encodePlan({ planId: 3 }), "p:3")
  })

  it.each([
    "",
    "p",
    "p:",
    "p:0",
    "p:-1",
    "p:1.5",
    "p:03",
    "p:1:0",
    "p:1:-5",
    "p:1:2147483648",
    "p:1:d",
    "p:1:x3",
    "p:1:d0",
    "p:1:s7:1990",
    "p:1:1990:s7:d3",
    "p:9007199254740993",
    "p:1:d9007199254740993",
    "v:0",
    "v:9007199254740993",
    "v:1:2",
    " p:1",
    "p:1\n",
    "p:١",
    "plan:1:2:start:start"
  ])("%j is nobody's", (data) => assert.isTrue(Option.isNone(decodeCallback(data))))

  it("hostile data never fails and never means something else", () => {
    const hostile = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom("p", "v", ":", "d", "s", "0", "1", "9", "-") })
    )
    fc.assert(
      fc.property(hostile, (data) => {
        const decoded = decodeCallback(data)
        if (Option.isNone(decoded)) return
        assert.strictEqual(encode(decoded.value), data)
      })
    )
  })
})
