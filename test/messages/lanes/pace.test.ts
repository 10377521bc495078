import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Heap, type Heaped } from "../../../src/messages/lanes/Heap.ts"
import { catchUpMs, Pace, recoveryMs, slowDownFactor } from "../../../src/messages/lanes/Pace.ts"

/** When messages leave of which there are always more, looked at every `every` ms. */
const leaving = (pace: Pace, from: number, until: number, every = 1): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let now = from; now < until; now += every) {
    while (pace.readyAt(now) <= now) {
      pace.take(now)
      times.push(now)
    }
  }
  return times
}

const gaps = (times: ReadonlyArray<number>) => times.slice(1).map((at, index) => at - times[index]!)

describe("the pace of a bot's bulk", () => {
  it("spaces evenly, from the first message on", () => {
    const pace = new Pace(29)
    pace.begin(0)
    const times = leaving(pace, 0, 10_000)
    assert.strictEqual(times[0], 0)
    assert.approximately(times.length, 290, 1)
    for (const gap of gaps(times)) assert.approximately(gap, 1000 / 29, 1.01)
  })

  it("holds its rate when it is looked at late, and at 950/s", () => {
    for (const perSecond of [29, 950]) {
      const pace = new Pace(perSecond)
      pace.begin(0)
      const times = leaving(pace, 0, 10_000, 70)
      assert.approximately(times.length / 10, perSecond, perSecond * 0.01)
    }
  })

  it("makes up for a stall of a moment, not for a long one", () => {
    const pace = new Pace(30)
    pace.begin(0)
    leaving(pace, 0, 1_000)
    const afterStall = leaving(pace, 4_000, 4_001)
    assert.approximately(afterStall.length, (30 * catchUpMs) / 1000 + 1, 1)
    const idle = new Pace(30)
    idle.begin(0)
    leaving(idle, 0, 1_000)
    idle.begin(60_000)
    assert.strictEqual(leaving(idle, 60_000, 60_001).length, 1)
  })

  it("takes on a new rate at once", () => {
    const pace = new Pace(1)
    pace.begin(0)
    leaving(pace, 0, 500)
    assert.isAbove(pace.readyAt(500), 900)
    pace.configure(29)
    assert.isAtMost(pace.readyAt(500), 500)
    assert.approximately(leaving(pace, 500, 1_500).length, 29 + (29 * catchUpMs) / 1000, 3)
    pace.configure(1)
    assert.isAtMost(leaving(pace, 1_500, 3_500).length, 3)
  })

  it("learns a lower rate from a 429, once for the many of one moment, and the whole one again", () => {
    const pace = new Pace(30)
    pace.slowDown(1_000, 990, 4_000)
    assert.approximately(pace.rate(1_000), 30 * slowDownFactor, 1e-9)
    pace.slowDown(1_010, 995, 4_010)
    pace.slowDown(1_020, 999, 4_020)
    assert.approximately(pace.rate(1_020), 30 * slowDownFactor, 1e-9)
    pace.slowDown(5_000, 4_990, 6_000)
    const learnt = pace.rate(6_000)
    assert.approximately(learnt, 30 * slowDownFactor ** 2, 0.2)
    assert.approximately(pace.rate(16_000) - learnt, (30 * 10_000) / recoveryMs, 1e-9)
    assert.strictEqual(pace.rate(6_000 + recoveryMs), 30)
  })

  it("never learns less than one message a second", () => {
    const pace = new Pace(29)
    for (let round = 1; round < 100; round++) pace.slowDown(round * 10, round * 10, round * 10)
    assert.approximately(pace.rate(1_000), 1, 0.01)
    pace.configure(950)
    assert.isAtLeast(pace.rate(1_000), 1)
  })

  it("rests when told to", () => {
    const pace = new Pace(29)
    pace.begin(0)
    pace.rest(2_000)
    assert.strictEqual(pace.readyAt(0), 2_000)
  })
})

describe("Heap", () => {
  it("gives its items in order, whatever is taken out of the middle meanwhile", () => {
    type Item = Heaped & { key: number }
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60, size: "max" }),
        fc.array(fc.nat(), { maxLength: 30, size: "max" }),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 50 })), { maxLength: 30, size: "max" }),
        (keys, removals, moves) => {
          const heap = new Heap<Item>((a, b) => a.key < b.key)
          let present = keys.map((key): Item => ({ heapIndex: -1, key }))
          for (const item of present) heap.push(item)
          for (const [which, key] of moves) {
            const item = present[which % Math.max(1, present.length)]
            if (item === undefined) continue
            item.key = key
            heap.moved(item)
          }
          for (const which of removals) {
            const item = present[which % Math.max(1, present.length)]
            if (item === undefined) continue
            heap.remove(item)
            present = present.filter((one) => one !== item)
          }
          const given: Array<number> = []
          for (let item = heap.pop(); item !== undefined; item = heap.pop()) given.push(item.key)
          assert.deepStrictEqual(
            given,
            present.map((item) => item.key).toSorted((a, b) => a - b)
          )
          assert.isTrue(present.every((item) => item.heapIndex === -1))
        }
      )
    )
  })
})
