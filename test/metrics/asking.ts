import { assert } from "@effect/vitest"
import { Effect, Layer, Result, Schema, Struct } from "effect"
import { SqlClient } from "effect/sql"
import { Metrics, type MetricsFilter, metricsGroups } from "../../src/metrics/Metrics.ts"
import { parsePeriod } from "../../src/metrics/period.ts"
import { MetricsRepo } from "../../src/repo/MetricsRepo.ts"
import type { RollupsRepo } from "../../src/repo/RollupsRepo.ts"
import { TestDatabase } from "../support/postgres.ts"
import { beginningOf, botSlugs, createLegacyTable, type Fact, type Sale, type Story, utmOf } from "./history.ts"
import { naive, windows } from "./naive.ts"

const zones = ["America/Sao_Paulo", "America/Havana", "Asia/Kolkata", "Asia/Kathmandu"] as const

export const Question = Schema.Struct({
  tz: Schema.Literals(zones),
  /** Parts of the history's length, in hundredths. */
  begin: Schema.Int.check(Schema.isBetween({ minimum: -10, maximum: 80 })),
  length: Schema.Int.check(Schema.isBetween({ minimum: 3, maximum: 120 })),
  /** Whole days, or any instants. */
  dates: Schema.Boolean,
  bot: Schema.NullOr(Schema.Literals(botSlugs)),
  /** Which kinds of marks are asked for, and whose. */
  asked: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
  mark: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })),
  group: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 18 }))
})

const marksAsked = ["fb", "fb2", "ig", "fb", "fb2", "ig", "fb", "fb2", "tt", null]

/** Kinds with cells of their own alone, those without in pairs. */
const askings: ReadonlyArray<ReadonlyArray<keyof MetricsFilter["utm"]>> = [
  [],
  [],
  ["utm_source"],
  ["utm_campaign"],
  ["utm_content"],
  ["utm_term"],
  ["utm_term"],
  ["utm_source", "utm_campaign"],
  ["utm_campaign", "utm_term"],
  ["utm_source", "utm_campaign", "utm_content", "utm_term"]
]

/** Mostly those that depend on the clock or mix marks. */
const groupings: ReadonlyArray<MetricsFilter["group"]> = [
  undefined,
  "day",
  "day",
  "hour",
  "hour",
  "utm_campaign",
  "utm_campaign",
  "utm_content",
  "utm_content",
  "utm_term",
  "utm_term",
  ...metricsGroups
]

/** The metrics over a database of V2's tables too, with windows that the histories overstep. */
export const metricsOver = (rollups: typeof RollupsRepo.layer) =>
  Layer.merge(
    Metrics.layer,
    Layer.effectDiscard(
      Effect.gen(function* () {
        const sql = yield* SqlClient.SqlClient
        yield* createLegacyTable
        for (const [name, seconds] of Object.entries(windows))
          yield* sql`update funnel_settings set value = ${seconds} where name = ${name}`
      })
    )
  ).pipe(Layer.provideMerge(Layer.mergeAll(MetricsRepo.layer, rollups)), Layer.provideMerge(TestDatabase.layer))

const filterOf = (question: typeof Question.Type, history: Story, now: Date): MetricsFilter => {
  const spanMs = (16 * 86_120_000) / history.squeeze
  const at = (part: number) =>
    new Date(beginningOf(history, now).getTime() + Math.floor((spanMs * part) / 100)).toISOString()
  const cut = (text: string) => (question.dates ? text.slice(0, 10) : text)
  const period = parsePeriod(
    { from: cut(at(question.begin)), to: cut(at(question.begin + question.length)), tz: question.tz },
    now
  )
  if (Result.isFailure(period)) return assert.fail(JSON.stringify(period.failure))
  return {
    ...period.success,
    bot: question.bot ?? undefined,
    utm: Object.fromEntries(
      (askings[question.asked] ?? []).map((name) => [name, utmOf(marksAsked[question.mark] ?? null)[name] ?? "(none)"])
    ),
    group: groupings[question.group]
  }
}

const sorted = <A extends { readonly key: string }>(rows: ReadonlyArray<A>) =>
  rows.toSorted((a, b) => (a.key < b.key ? -1 : 1))

/** Asks, and compares every number with what counting the rows by hand gives. */
export const asking = (questions: ReadonlyArray<typeof Question.Type>, history: Story, now: Date) =>
  Effect.fnUntraced(function* (known: ReadonlyArray<Fact>, sold: ReadonlyArray<Sale>) {
    const metrics = yield* Metrics
    for (const question of questions) {
      const filter = filterOf(question, history, now)
      const { groups: expectedGroups, ...expected } = naive(known, sold, filter)
      const { groups, ...whole } = yield* metrics.funnel(filter)
      assert.deepStrictEqual(Struct.omit(whole, ["provisional_from", "recounting"]), expected)
      assert.deepStrictEqual(
        sorted(groups).map((group) => Struct.omit(group, ["provisional"])),
        sorted(expectedGroups)
      )
    }
  })
