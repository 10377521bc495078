import { assert, describe, it } from "@effect/vitest"
import { afterFailure, type Breaker, closed, isOpen, probing } from "../../src/domain/breaker.ts"

const failedTimes = (times: number, nowMs: number, from: Breaker = closed) =>
  Array.from({ length: times }).reduce<Breaker>((breaker) => afterFailure(breaker, nowMs), from)

describe("a gateway's breaker", () => {
  it("opens after three failures in a row, for half a minute", () => {
    assert.isFalse(isOpen(failedTimes(2, 1_000), 1_000))
    const open = failedTimes(3, 1_000)
    assert.isTrue(isOpen(open, 30_999))
    assert.isFalse(isOpen(open, 31_000))
  })

  it("lets one attempt through when its time is over; a failed one keeps it shut for twice as long", () => {
    const open = failedTimes(3, 0)
    const trying = probing(open, 30_000)
    assert.isTrue(isOpen(trying, 30_001), "the others stay away")
    const again = afterFailure(trying, 31_000)
    assert.isTrue(isOpen(again, 90_999))
    assert.isFalse(isOpen(again, 91_000))
    assert.isFalse(isOpen(failedTimes(50, 0), 300_000), "never longer than five minutes")
  })

  it("does not stand in the way of one that works", () => {
    assert.strictEqual(probing(closed, 5), closed)
    assert.isFalse(isOpen(probing(failedTimes(2, 0), 5), 5))
  })

  it("waits as long as the gateway asks", () => {
    const open = afterFailure(closed, 0, 60_000)
    assert.isTrue(isOpen(open, 59_999))
    assert.isFalse(isOpen(open, 60_000))
  })
})
