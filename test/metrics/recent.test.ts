import { layer } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { RollupsRepo } from "../../src/repo/RollupsRepo.ts"
import { asking, metricsOver, Question } from "./asking.ts"
import { empty, EventShape, factsOf, PaymentShape, write } from "./history.ts"

const Case = Schema.Struct({
  events: Schema.Array(EventShape).check(Schema.isMinLength(30), Schema.isMaxLength(50)),
  payments: Schema.Array(PaymentShape).check(Schema.isMinLength(6), Schema.isMaxLength(10)),
  /** How many of the events are there at the first look, and when the last minutes are counted. */
  first: Schema.Int.check(Schema.isBetween({ minimum: 5, maximum: 40 })),
  second: Schema.Int.check(Schema.isBetween({ minimum: 5, maximum: 10 })),
  /** Seconds that the quarters end before now, at first and later. */
  lags: Schema.Tuple([Schema.Literals([150, 200, 300]), Schema.Literals([10, 60, 120])]),
  lateFirst: Schema.Boolean,
  /** Some minutes around this one, or visits that begin and end in the last hour. */
  squeeze: Schema.Literals([3000, 300]),
  questions: Schema.Array(Question).check(Schema.isMinLength(3), Schema.isMaxLength(3))
})

/** Mostly pairs of marks and kinds without cells of their own: there people who came by several are told apart. */
const askings = [0, 3, 4, 7, 8, 8, 9, 3, 4, 7]

let lagSeconds = 300

layer(metricsOver(RollupsRepo.layerWith(() => lagSeconds)), { excludeTestServices: true, timeout: "60 seconds" })(
  "The last minutes",
  (it) => {
    it.effect.prop(
      "are counted apart to the same numbers, whatever comes late and however far the quarters have come",
      { example: Case },
      ({ example: { events, first, lags, lateFirst, payments, questions, second, squeeze } }) =>
        Effect.gen(function* () {
          const history = { epoch: "now", squeeze, events, payments } as const
          const now = new Date()
          const inOrder = factsOf(history, now)
          const { facts, sales } = lateFirst
            ? { facts: inOrder.facts.toReversed(), sales: inOrder.sales.toReversed() }
            : inOrder
          const check = asking(
            questions.map((question) => ({ ...question, asked: askings[question.asked] ?? 0 })),
            history,
            now
          )
          const rollups = yield* RollupsRepo
          yield* empty
          lagSeconds = lags[0]
          yield* write(facts.slice(0, first), sales.slice(0, first / 4))
          yield* rollups.refresh
          // Once to see which transactions are open, once to count what those before them wrote.
          yield* rollups.advance(0)
          yield* rollups.advance(0)
          yield* check(facts.slice(0, first), sales.slice(0, first / 4))
          yield* write(facts.slice(first, first + second), [])
          yield* check(facts.slice(0, first + second), sales.slice(0, first / 4))
          yield* rollups.advance(0)
          yield* write(facts.slice(first + second), sales.slice(first / 4))
          yield* check(facts, sales)
          yield* rollups.advance(0)
          yield* check(facts, sales)
          lagSeconds = lags[1]
          yield* rollups.refresh
          yield* check(facts, sales)
        }),
      { timeout: 120_000, arbitrary: { runs: 40, seed: 20261130 } }
    )
  }
)
