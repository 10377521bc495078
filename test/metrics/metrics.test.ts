import { assert, layer } from "@effect/vitest"
import { Effect, Layer, Result, Schema } from "effect"
import { Metrics, metricsGroups } from "../../src/metrics/Metrics.ts"
import { parsePeriod } from "../../src/metrics/period.ts"
import { MetricsRepo } from "../../src/repo/MetricsRepo.ts"
import { TestDatabase } from "../support/postgres.ts"
import { botSlugs, createLegacyTable, factsOf, History, write } from "./history.ts"
import { naive } from "./naive.ts"

const zones = ["America/Sao_Paulo", "America/Havana", "Asia/Kolkata"] as const

const Question = Schema.Struct({
  tz: Schema.Literals(zones),
  firstDay: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 8 })),
  days: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 12 })),
  bot: Schema.NullOr(Schema.Literals(botSlugs)),
  utm: Schema.NullOr(Schema.Literals(["fb", "tt", "(none)"])),
  group: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 11 }))
})

/** Mostly those that depend on the clock. */
const groupings = [undefined, "day", "day", "hour", "hour", ...metricsGroups] as const

const dayAfter = (epoch: string, days: number) =>
  new Date(new Date(epoch).getTime() + days * 86_400_000).toISOString().slice(0, 10)

const Database = Layer.merge(Metrics.layer, Layer.effectDiscard(createLegacyTable)).pipe(
  Layer.provideMerge(MetricsRepo.layer),
  Layer.provideMerge(TestDatabase.layer)
)

layer(Database, { excludeTestServices: true, timeout: "60 seconds" })("Metrics", (it) => {
  it.effect.prop(
    "every number is what counting the rows by hand gives",
    { history: History, question: Question },
    ({ history, question }) =>
      Effect.gen(function* () {
        const metrics = yield* Metrics
        const { facts, sales } = factsOf(history)
        yield* write(facts, sales)
        const period = parsePeriod(
          {
            from: dayAfter(history.epoch, question.firstDay),
            to: dayAfter(history.epoch, question.firstDay + question.days - 1),
            tz: question.tz
          },
          new Date()
        )
        if (Result.isFailure(period)) return assert.fail(JSON.stringify(period.failure))
        const filter = {
          ...period.success,
          bot: question.bot ?? undefined,
          utm: { utm_source: question.utm ?? undefined },
          group: groupings[question.group]
        }
        const expected = naive(facts, sales, filter)
        const { groups, ...whole } = yield* metrics.funnel(filter)
        const { groups: expectedGroups, ...expectedWhole } = expected
        assert.deepStrictEqual(whole, expectedWhole)
        const sorted = <A extends { readonly key: string }>(rows: ReadonlyArray<A>) =>
          rows.toSorted((a, b) => (a.key < b.key ? -1 : 1))
        assert.deepStrictEqual(sorted(groups), sorted(expectedGroups))
      }),
    { timeout: 120_000, arbitrary: { runs: 100, seed: 20251107 } }
  )
})
