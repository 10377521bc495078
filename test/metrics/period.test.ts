import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { parsePeriod, type PeriodInput } from "../../src/metrics/period.ts"

// 22:30 of the 7th in São Paulo, the 8th in London.
const now = new Date("2025-11-08T01:30:00Z")

const bounds = (input: PeriodInput): string => {
  const period = parsePeriod(input, now)
  return Result.isSuccess(period)
    ? `${period.success.from.toISOString()} ${period.success.to.toISOString()}`
    : Object.keys(period.failure).join()
}

describe("parsePeriod", () => {
  it("takes the 30 days that end with today where the seller lives", () => {
    assert.strictEqual(bounds({}), "2025-10-09T03:00:00.000Z 2025-11-08T03:00:00.000Z")
    assert.strictEqual(bounds({ tz: "UTC" }), "2025-10-10T00:00:00.000Z 2025-11-09T00:00:00.000Z")
    assert.strictEqual(bounds({ to: "2025-03-01" }), "2025-01-31T03:00:00.000Z 2025-03-02T03:00:00.000Z")
    assert.strictEqual(bounds({ from: "2025-11-07" }), "2025-11-07T03:00:00.000Z 2025-11-08T03:00:00.000Z")
  })

  it("takes dates as whole days, also where clocks jump at midnight", () => {
    const day = (date: string, tz: string) => bounds({ from: date, to: date, tz })
    assert.strictEqual(day("2025-11-07", "America/Sao_Paulo"), "2025-11-07T03:00:00.000Z 2025-11-08T03:00:00.000Z")
    assert.strictEqual(day("2018-11-04", "America/Sao_Paulo"), "2018-11-04T03:00:00.000Z 2018-11-05T02:00:00.000Z")
    assert.strictEqual(day("2018-02-17", "America/Sao_Paulo"), "2018-02-17T02:00:00.000Z 2018-02-18T03:00:00.000Z")
    assert.strictEqual(day("2025-11-02", "America/Havana"), "2025-11-02T04:00:00.000Z 2025-11-03T05:00:00.000Z")
    assert.strictEqual(day("2025-12-31", "Asia/Kolkata"), "2025-12-30T18:30:00.000Z 2025-12-31T18:30:00.000Z")
  })

  it("takes instants as they are, half-open, and local times as those of the zone", () => {
    const from = "2025-11-07T12:00:00-03:00"
    assert.strictEqual(
      bounds({ from, to: "2025-11-07T16:00:00Z" }),
      "2025-11-07T15:00:00.000Z 2025-11-07T16:00:00.000Z"
    )
    assert.strictEqual(
      bounds({ from: "2025-11-07T12:00:00 03:00", to: "2025-11-07T12:00" }),
      "2025-11-07T09:00:00.000Z 2025-11-07T15:00:00.000Z"
    )
    assert.strictEqual(bounds({ from, to: "2025-11-07" }), "2025-11-07T15:00:00.000Z 2025-11-08T03:00:00.000Z")
  })

  it("names the parameter that makes no sense", () => {
    for (const from of [
      "x",
      "2025-02-30",
      "2025-11-07T25:00:00Z",
      "0000-01-01",
      "1900-01-01",
      "20251107",
      "-1",
      "2025-11"
    ]) {
      assert.strictEqual(bounds({ from }), "from", from)
    }
    assert.strictEqual(bounds({ to: "tomorrow" }), "to")
    assert.strictEqual(bounds({ from: "x", to: "y" }), "from,to")
    assert.strictEqual(bounds({ from: "2025-11-08", to: "2025-11-07" }), "to")
    assert.strictEqual(bounds({ from: "2025-11-07T00:00:00Z", to: "2025-11-07T00:00:00Z" }), "to")
    assert.strictEqual(
      bounds({ from: "2020-01-01", to: "2024-12-31" }),
      "2020-01-01T03:00:00.000Z 2025-01-01T03:00:00.000Z"
    )
    assert.strictEqual(bounds({ from: "2020-01-01", to: "2025-01-01" }), "from")
    for (const tz of ["+03:00", "-03:00", "Mars/Olympus", "GMT+3", "'; drop table bots", "", "../etc"]) {
      assert.strictEqual(bounds({ tz }), "tz", tz)
    }
  })
})
