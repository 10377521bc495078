import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { readFileSync } from "node:fs"
import { Family, others } from "../../src/log/family.ts"
import { telemetry } from "../../src/log/telemetry.ts"

const families = Object.values(telemetry)

const linesOf = (name: string) =>
  Effect.map(PrometheusMetrics.format(), (text) => text.split("\n").filter((line) => line.startsWith(name)))

describe("the table of metrics", () => {
  it("has every name once, in Prometheus' form, and explains itself", () => {
    const names = families.map(({ name }) => name)
    assert.lengthOf(new Set(names), names.length)
    for (const { help, kind, name } of families) {
      assert.match(name, /^(funil|process|nodejs)_[a-z0-9_]+$/)
      if (kind === "counter") assert.match(name, /_total$/)
      if (kind === "histogram") assert.match(name, /_seconds$/)
      assert.isAbove(help.length, 10)
    }
  })

  it("has labels of known words only, and no label that could name a person", () => {
    for (const { labels, name } of families) {
      const words = Object.values(labels)
      const series = words.reduce((product, one) => product * (one === "bot" ? 1001 : one.length + 1), 1)
      assert.isAtMost(series, 1001, name)
      assert.notMatch(Object.keys(labels).join(), /user|person|telegram_id|charge|payment|chat|url/)
    }
  })

  it("is the one of the documentation", () => {
    const page = readFileSync(new URL("../../docs/metrics-technical.md", import.meta.url), "utf8")
    const documented = [...page.matchAll(/^\| `(\w+)`/gm)].map((match) => match[1])
    const elsewhere = ["funil_sends_total", "funil_telegram_429_total", "funil_lane_depth"]
    assert.deepStrictEqual(documented.toSorted(), [...families.map(({ name }) => name), ...elsewhere].toSorted())
    for (const { labels, name } of families) {
      const line = page.split("\n").find((one) => one.startsWith(`| \`${name}\``)) ?? ""
      for (const label of Object.keys(labels)) assert.include(line, `\`${label}\``, name)
    }
  })
})

describe("Family", () => {
  it.effect("counts what is not on a label's list under one word", () =>
    Effect.gen(function* () {
      const family = new Family("counter", "teste_palavras_total", "Palavras", { result: ["ok"] })
      for (let i = 0; i < 5000; i++) family.record({ result: `desconhecido ${i}` })
      family.of({ result: "ok" }).record(2)
      assert.deepStrictEqual((yield* linesOf("teste_palavras_total")).toSorted(), [
        `teste_palavras_total{result="ok"} 2`,
        `teste_palavras_total{result="${others}"} 5000`
      ])
    })
  )

  it.effect("knows a thousand bots by name and no more, the first ones for ever", () =>
    Effect.gen(function* () {
      const family = new Family("counter", "teste_bots_total", "Bots", { bot: "bot" })
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < 1200; i++) family.record({ bot: `bot-${i}` })
      }
      const lines = yield* linesOf("teste_bots_total")
      assert.isAtMost(lines.length, 1001)
      assert.include(lines, `teste_bots_total{bot="bot-0"} 2`)
      const rest = lines.find((line) => line.includes(`bot="${others}"`))
      assert.isAtLeast(Number(rest?.split(" ")[1]), 400)
    })
  )

  it.effect("sorts measurements into cumulative steps", () =>
    Effect.gen(function* () {
      const family = new Family("histogram", "teste_seconds", "Tempo", {}, [0.1, 1])
      for (const seconds of [0.05, 0.1, 0.5, 7]) family.record({}, seconds)
      assert.deepStrictEqual(yield* linesOf("teste_seconds"), [
        `teste_seconds_bucket{le="0.1"} 2`,
        `teste_seconds_bucket{le="1"} 3`,
        `teste_seconds_bucket{le="+Inf"} 4`,
        "teste_seconds_sum 7.65",
        "teste_seconds_count 4"
      ])
    })
  )

  it.effect("reads a watched value when somebody looks, as long as it is watched", () =>
    Effect.gen(function* () {
      const family = new Family("gauge", "teste_olhado", "Olhado", {})
      let value = 1
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* family.watch({}, () => value)
          value = 42
          assert.deepStrictEqual(yield* linesOf("teste_olhado"), ["teste_olhado 42"])
        })
      )
      assert.deepStrictEqual(yield* linesOf("teste_olhado"), [])
    })
  )
})
