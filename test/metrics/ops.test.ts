import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { telemetry } from "../../src/log/telemetry.ts"
import "../../src/messages/lanes/meters.ts"

const read = (path: string) => readFileSync(new URL(`../../ops/grafana/${path}`, import.meta.url), "utf8")

const families = Object.values(telemetry)
/** Named elsewhere: by the lanes. */
const ofLanes = new Set(["funil_sends_total", "funil_telegram_429_total", "funil_lane_depth"])

describe("the board and the alert rules", () => {
  it("ask only for metrics that the service has", () => {
    for (const text of [read("funil.json"), read("alerts.yml")]) {
      const asked = new Set([...text.matchAll(/\b(funil_\w+|process_\w+)/g)].map(([name]) => name))
      assert.isAbove(asked.size, 8)
      for (const name of asked) {
        const family = families.find(
          (one) => name === one.name || name.replace(/_(bucket|count|sum)$/, "") === one.name
        )
        assert.isTrue(family !== undefined || ofLanes.has(name), name)
      }
    }
  })

  it("measure the three goals at bounds that the histograms have", () => {
    const bounds = [...read("alerts.yml").matchAll(/(funil_\w+)_bucket\{[^}]*le="([\d.]+)"/g)]
    assert.strictEqual(bounds.length, 6)
    for (const [, name, le] of bounds) {
      const family = families.find((one) => one.name === name)
      assert.isTrue(
        family?.bounds.some((bound) => String(bound) === le),
        name
      )
    }
  })

  it("have panels that do not cover each other", () => {
    const { panels } = JSON.parse(read("funil.json")) as {
      panels: ReadonlyArray<{ gridPos: { x: number; y: number } }>
    }
    const places = panels.map(({ gridPos }) => `${gridPos.x} ${gridPos.y}`)
    assert.strictEqual(new Set(places).size, panels.length)
  })
})
