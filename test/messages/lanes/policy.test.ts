import { assert, describe, it } from "@effect/vitest"
import { type Lane, lanes } from "../../../src/messages/lanes/lane.ts"
import { type History, nextStep, type Step, untried } from "../../../src/messages/lanes/policy.ts"
import {
  Ambiguous,
  BadEntities,
  BadFile,
  BotUnusable,
  Gone,
  Migrated,
  NotModified,
  RateLimited,
  Rejected,
  StaleQuery,
  type TelegramReason,
  Unreachable
} from "../../../src/telegram/reasons.ts"

const description = "x"
const fail: Step = { _tag: "Fail" }
const tried = (more: Partial<History>): History => ({ ...untried, ...more })

const unreachable = new Unreachable({ description })
const ambiguous = new Ambiguous({ harmless: false, description })
const harmless = new Ambiguous({ harmless: true, description })
const entities = new BadEntities({ description })
const fileOnce = new BadFile({ remedy: "once", description })
const migrated = new Migrated({ chatId: -100_200, description })

type Row = readonly [reason: TelegramReason, history: Partial<History>, step: Step, lanes?: ReadonlyArray<Lane>]
const bulk: ReadonlyArray<Lane> = ["downsell", "shot"]
const again = (afterMs: number, more: Partial<History>): Step => ({ _tag: "Again", afterMs, history: tried(more) })

const table: ReadonlyArray<Row> = [
  [new RateLimited({ retryAfterSeconds: 7, description }), {}, { _tag: "Pause", seconds: 7 }],
  [new RateLimited({ retryAfterSeconds: 9_000, description }), { ambiguous: 1 }, { _tag: "Pause", seconds: 9_000 }],
  [unreachable, {}, again(300, { unreachable: 1 })],
  [unreachable, { unreachable: 1 }, again(1_000, { unreachable: 2 })],
  [unreachable, { unreachable: 2, plain: true }, again(3_000, { unreachable: 3, plain: true })],
  [unreachable, { unreachable: 3 }, fail],
  [ambiguous, {}, again(0, { ambiguous: 1 }), ["reply"]],
  [ambiguous, { ambiguous: 1 }, fail],
  [ambiguous, {}, fail, bulk],
  [harmless, {}, again(0, { ambiguous: 1 })],
  [harmless, { ambiguous: 1 }, fail],
  [entities, {}, { _tag: "Plain", history: tried({ plain: true }) }],
  [entities, { plain: true }, fail],
  [fileOnce, {}, again(0, { file: true })],
  [fileOnce, { file: true }, { _tag: "WordsOnly", history: tried({ file: true, wordsOnly: true }) }],
  [fileOnce, { file: true, wordsOnly: true }, fail],
  [new BadFile({ remedy: "upload", description }), {}, { _tag: "WordsOnly", history: tried({ wordsOnly: true }) }],
  [new BadFile({ remedy: "none", description }), {}, { _tag: "WordsOnly", history: tried({ wordsOnly: true }) }],
  [new BadFile({ remedy: "none", description }), { wordsOnly: true }, fail],
  [new NotModified({ description }), {}, { _tag: "Done" }],
  [migrated, {}, { _tag: "Move", chatId: -100_200, history: tried({ migrated: true }) }],
  [migrated, { migrated: true }, fail],
  [new BotUnusable({ why: "unauthorized", description }), {}, { _tag: "BotUnusable" }],
  [new BotUnusable({ why: "frozen", description }), {}, { _tag: "BotUnusable" }],
  [new Gone({ why: "blocked", forGood: false, description }), {}, fail],
  [new StaleQuery({ description }), {}, fail],
  [new Rejected({ code: 400, description }), {}, fail]
]

describe("what follows from an answer", () => {
  for (const [reason, history, step, only = lanes] of table) {
    it(`${reason._tag} ${JSON.stringify(history)} in ${only.join(", ")}: ${step._tag}`, () => {
      for (const lane of only) assert.deepStrictEqual(nextStep(lane, reason, tried(history)), step)
    })
  }

  it("ends for every reason, however often it comes", () => {
    for (const [reason] of table) {
      if (reason._tag === "RateLimited") continue
      for (const lane of lanes) {
        let history = untried
        let steps = 0
        for (let step = nextStep(lane, reason, history); "history" in step; step = nextStep(lane, reason, history)) {
          history = step.history
          assert.isBelow(++steps, 5)
        }
      }
    }
  })
})
