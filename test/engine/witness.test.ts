import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { Witness, witnessMs } from "../../src/engine/witness.ts"
import { deadAfterMs } from "../../src/repo/NodesRepo.ts"

const look = (witness: Witness, now: number, beatAt: number) =>
  witness.look([{ id: "outro", peers: [], seen: String(beatAt), ageMs: now - beatAt }], now)

/** Looks once a second at somebody whose last beat was at `beatAt`; answers when he was declared dead. */
const watch = (witness: Witness, from: number, to: number, beatAt: number) => {
  for (let now = from; now <= to; now += 1_000) if (look(witness, now, beatAt).length > 0) return now
  return undefined
}

describe("a witness", () => {
  it("declares dead whom it has watched being silent, and nobody sooner", () => {
    assert.strictEqual(watch(new Witness(), 0, 60_000, 0), deadAfterMs + 1_000)
    // Just started: an old heartbeat alone proves nothing yet.
    assert.strictEqual(watch(new Witness(), 0, 60_000, -100_000), witnessMs)
  })

  it("starts over when it was away itself, as everybody was while the database was", () => {
    const witness = new Witness()
    watch(witness, 0, 4_000, 0)
    assert.strictEqual(watch(witness, 40_000, 60_000, 0), 40_000 + witnessMs)
  })

  it("never declares anybody dead who lives, however often and long the database is away from both", () => {
    const outage = fc.record({ at: fc.integer({ min: 0, max: 300 }), seconds: fc.integer({ min: 1, max: 60 }) })
    const phase = fc.integer({ min: 0, max: 999 })
    // After an outage everybody needs a moment of his own until he is back.
    const slowness = fc.integer({ min: 0, max: witnessMs - 1_100 })
    const property = fc.property(
      fc.array(outage, { maxLength: 8 }),
      phase,
      phase,
      slowness,
      (outages, mine, his, slow) => {
        const isAway = (ms: number, extra = 0) =>
          outages.some(({ at, seconds }) => ms >= at * 1_000 && ms < (at + seconds) * 1_000 + extra)
        const witness = new Witness()
        let beatAt = 0
        for (let second = 0; second < 400; second++) {
          const doings = [
            { at: second * 1_000 + mine, beats: false },
            { at: second * 1_000 + his, beats: true }
          ].toSorted((a, b) => a.at - b.at)
          for (const { at, beats } of doings) {
            if (beats && !isAway(at, slow)) beatAt = at
            if (beats) continue
            if (isAway(at)) witness.missed()
            else assert.deepStrictEqual(look(witness, at, beatAt), [])
          }
        }
      }
    )
    assert.isUndefined(fc.check(property).counterexample ?? undefined)
  })

  it("declares everybody dead at last who does not live", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 500, max: 2_900 }), (diedAt, every) => {
        const witness = new Witness()
        let buried = 0
        for (let now = 0; now < 60_000 && buried === 0; now += every) {
          if (look(witness, now, Math.min(diedAt, now)).length > 0) buried = now
        }
        assert.isAbove(buried, diedAt + deadAfterMs)
        assert.isAtMost(buried, diedAt + deadAfterMs + 2 * every)
      })
    )
  })
})
