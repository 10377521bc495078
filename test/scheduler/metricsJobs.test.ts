import { assert, describe, it } from "@effect/vitest"
import { untilNextCount } from "../../src/scheduler/metricsJobs.ts"

describe("the next count of the funnel", () => {
  it("waits the longer the more there was to count, but not after a count of everything", () => {
    assert.strictEqual(untilNextCount(200, 4), 30_000)
    assert.strictEqual(untilNextCount(6_000, 40), 120_000)
    assert.strictEqual(untilNextCount(600_000, Infinity), 30_000)
  })
})
