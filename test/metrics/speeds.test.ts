import { assert, describe, it } from "@effect/vitest"
import { quantile, speeds } from "../../src/metrics/speeds.ts"
import { telemetry } from "../../src/log/telemetry.ts"

describe("the speeds of the blueprint", () => {
  it("lie within their step in proportion, and never beyond the last bound", () => {
    assert.strictEqual(
      quantile(
        [
          [1, 0],
          [2, 100],
          [Infinity, 100]
        ],
        0.5
      ),
      1.5
    )
    assert.strictEqual(
      quantile(
        [
          [1, 100],
          [2, 100],
          [Infinity, 100]
        ],
        0.95
      ),
      0.95
    )
    assert.strictEqual(
      quantile(
        [
          [1, 0],
          [2, 0],
          [Infinity, 10]
        ],
        0.95
      ),
      2
    )
  })

  it("are those that this process measured, of all gateways together", () => {
    assert.isUndefined(speeds()[2]?.p95Ms)
    for (let i = 0; i < 50; i++) telemetry.checkouts.record({ gateway: "pushinpay", result: "created" }, 0.3)
    for (let i = 0; i < 50; i++) telemetry.checkouts.record({ gateway: "syncpay", result: "created" }, 1.5)
    telemetry.checkouts.record({ gateway: "syncpay", result: "failed" }, 9)
    const pix = speeds()[2]
    assert.strictEqual(pix?.count, 100)
    assert.isAbove(pix?.p95Ms ?? 0, 1_000)
    assert.isBelow(pix?.p95Ms ?? 0, 2_000)
  })
})
