import { assert, describe, it } from "@effect/vitest"
import fc from "fast-check"
import { clockOfMinutes, isTimeZone, minutesOfClock, secondsUntilOpen } from "../../src/domain/hours.ts"

const timeZone = "America/Sao_Paulo"
const minute = fc.integer({ min: 0, max: 1439 })

describe("hours of the day", () => {
  it("are open from the first minute to the last but one, in their own time zone", () => {
    const morning = { fromMinutes: 9 * 60, toMinutes: 22 * 60, timeZone }
    const until = (text: string) => secondsUntilOpen(morning, new Date(text))
    assert.strictEqual(until("2026-11-23T09:00:00-03:00"), 0)
    assert.strictEqual(until("2026-11-23T21:59:59-03:00"), 0)
    assert.strictEqual(until("2026-11-23T22:00:00-03:00"), 11 * 3600)
    assert.strictEqual(until("2026-11-23T08:59:50-03:00"), 10)
    const night = { fromMinutes: 22 * 60, toMinutes: 6 * 60, timeZone }
    assert.strictEqual(secondsUntilOpen(night, new Date("2026-11-23T03:00:00-03:00")), 0)
    assert.strictEqual(secondsUntilOpen(night, new Date("2026-11-23T12:00:00-03:00")), 10 * 3600)
  })

  it("are open when one has waited as long as they say, whatever they are", () => {
    fc.assert(
      fc.property(minute, minute, fc.integer({ min: 0, max: 4_000_000_000 }), (fromMinutes, toMinutes, seconds) => {
        const hours = { fromMinutes, toMinutes, timeZone: "UTC" }
        const wait = secondsUntilOpen(hours, new Date(seconds * 1000))
        assert.isTrue(wait >= 0 && wait < 86_400)
        assert.strictEqual(secondsUntilOpen(hours, new Date((seconds + wait) * 1000)), 0)
      })
    )
  })

  it("mean a place that exists; what plain SQL invented is São Paulo's", () => {
    for (const name of ["America/Manaus", "UTC", "Etc/GMT+3"]) assert.isTrue(isTimeZone(name), name)
    for (const name of ["", "-03:00", "São Paulo", "America/Nada", "UTC; drop"]) assert.isFalse(isTimeZone(name), name)
    const at = new Date("2026-11-23T12:00:00Z")
    const hours = { fromMinutes: 600, toMinutes: 700 }
    assert.strictEqual(
      secondsUntilOpen({ ...hours, timeZone: "Marte" }, at),
      secondsUntilOpen({ ...hours, timeZone }, at)
    )
  })

  it("are written as on a clock", () => {
    fc.assert(fc.property(minute, (minutes) => assert.strictEqual(minutesOfClock(clockOfMinutes(minutes)), minutes)))
    for (const wrong of ["24:00", "9:00", "09:60", "", "09:00:00"]) assert.isUndefined(minutesOfClock(wrong))
  })
})
