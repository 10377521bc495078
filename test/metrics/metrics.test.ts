import { assert, layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { RollupsRepo } from "../../src/repo/RollupsRepo.ts"
import { asking, metricsOver, Question } from "./asking.ts"
import { empty, factsOf, History, write } from "./history.ts"

const Case = Schema.Struct({
  history: History,
  /** How many of the events are there at the first look; the others come late. */
  first: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 50 })),
  questions: Schema.Array(Question).check(Schema.isMinLength(3), Schema.isMaxLength(4))
})

const everything = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const cells = yield* sql`select c::text as row from metrics_cells c order by grain, scope, marks, bot, at`
  const times = yield* sql`select t::text as row from metrics_times t order by grain, scope, marks, bot, kind, at`
  const returns = yield* sql`select r::text as row from metrics_returns r order by bot, unit, step, at, marks`
  return JSON.stringify({ cells, times, returns })
})

layer(metricsOver(RollupsRepo.layer), { excludeTestServices: true, timeout: "60 seconds" })("Metrics", (it) => {
  it.effect.prop(
    "every number is what counting the rows by hand gives, before and after late events, and after a rebuild",
    { example: Case },
    ({ example: { first, history, questions } }) =>
      Effect.gen(function* () {
        const now = new Date()
        const { facts, sales } = factsOf(history, now)
        yield* empty
        const check = asking(questions, history, now)
        yield* write(facts.slice(0, first), sales.slice(0, first / 4))
        yield* check(facts.slice(0, first), sales.slice(0, first / 4))
        yield* write(facts.slice(first), sales.slice(first / 4))
        yield* check(facts, sales)
        assert.isFalse((yield* (yield* RollupsRepo).state).stale)
        // Around this moment the cells reach further with every second.
        if (history.epoch !== "now") {
          const kept = yield* everything
          yield* (yield* RollupsRepo).rebuild
          assert.strictEqual(yield* everything, kept)
        }
      }),
    { timeout: 120_000, arbitrary: { runs: 60, seed: 20251107 } }
  )
})
