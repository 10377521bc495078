import { assert, describe, it } from "@effect/vitest"
import { exceedsErrors, readFilters, readInstant, readStatus, ShotStatus, statusesFor } from "../../src/domain/shot.ts"

describe("a shot", () => {
  it("reads what the older systems wrote", () => {
    assert.deepStrictEqual(["DRAFT", "queued", "sending", "etwas"].map(readStatus), [
      "draft",
      "paused",
      "sending",
      "draft"
    ])
    assert.deepStrictEqual(readFilters({ all_started: true, has_unpaid_pix: true }), { audience: "pix_unpaid" })
    assert.deepStrictEqual(readFilters({ all_started: true }), { audience: "never_paid" })
    assert.deepStrictEqual(readFilters({ all_started: true, exclude_paid: false }), { audience: "started" })
    assert.deepStrictEqual(readFilters({ audience: "x" }), {})
    assert.deepStrictEqual(readFilters(null), {})
  })

  it("takes times as people write them", () => {
    const iso = (text: string, edge?: "end") => readInstant(text, edge)?.toISOString()
    assert.strictEqual(iso("2025-11-07T12:00:00Z"), "2025-11-07T12:00:00.000Z")
    assert.strictEqual(iso("2025-11-07T12:00"), "2025-11-07T15:00:00.000Z")
    assert.strictEqual(iso("2025-11-07"), "2025-11-07T03:00:00.000Z")
    assert.strictEqual(iso("2025-11-07", "end"), "2025-11-08T03:00:00.000Z")
    assert.isUndefined(iso("2025-13-07"))
  })

  it("moves forward only: nothing brings back what is done or canceled", () => {
    const actions = ["start", "pause", "resume", "cancel"] as const
    for (const over of ["done", "canceled"] as const) {
      assert.isFalse(actions.some((action) => statusesFor(action).includes(over)))
    }
    for (const status of ShotStatus.literals) {
      assert.isAtMost((["start", "resume"] as const).filter((action) => statusesFor(action).includes(status)).length, 1)
    }
  })

  it("fails too often only when enough was tried", () => {
    assert.isFalse(exceedsErrors(19, 19, 20))
    assert.isFalse(exceedsErrors(4, 20, 20))
    assert.isTrue(exceedsErrors(5, 20, 20))
    assert.isFalse(exceedsErrors(100, 100, 100))
  })
})
