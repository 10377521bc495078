import { assert, describe, it } from "@effect/vitest"
import { Breakers } from "../../src/tracking/Breakers.ts"

const down = { reason: "fora do ar" }

describe("the breaker of a destination", () => {
  it("shuts after three failures in a row, longer each time, and lets one attempt through", () => {
    const breakers = new Breakers()
    assert.deepStrictEqual(
      [0, 1, 2].map((at) => breakers.failed("", down, at, 1)),
      [undefined, undefined, "shut"]
    )
    assert.deepStrictEqual(breakers.shut(), [""])
    assert.deepStrictEqual(breakers.due(5_000), [])
    assert.deepStrictEqual(breakers.due(5_002), [""])
    assert.isUndefined(breakers.failed("", down, 5_002, 1))
    assert.strictEqual(breakers.pauseSeconds("", 5_002), 10)
    for (let at = 15_002; at < 3_600_000; at += 30_000) breakers.failed("", down, at, 1)
    assert.isAtMost(breakers.pauseSeconds("", 3_600_000), 30)
    assert.strictEqual(breakers.worked(""), "open")
    assert.deepStrictEqual(breakers.shut(), [])
  })

  it("a success between failures forgets them", () => {
    const breakers = new Breakers()
    for (let times = 0; times < 10; times++) {
      breakers.failed("", down, 0, 1)
      breakers.failed("", down, 0, 1)
      assert.isUndefined(breakers.worked(""))
    }
    assert.deepStrictEqual(breakers.shut(), [])
  })

  it("what needs a person, and what was asked for, shuts at once, and only that account", () => {
    const breakers = new Breakers()
    assert.strictEqual(breakers.failed("1", { reason: "token", alarm: true }, 0, 1), "shut")
    assert.strictEqual(breakers.failed("2", { reason: "calma", afterSeconds: 90 }, 0, 1), "shut")
    assert.deepStrictEqual(breakers.shut(), ["1", "2"])
    assert.strictEqual(breakers.nextDueMs(0), 90_000)
    assert.strictEqual(breakers.pauseSeconds("3", 0), 0)
    breakers.retryNow(1_000)
    assert.deepStrictEqual(breakers.due(1_000), ["1", "2"])
  })
})
