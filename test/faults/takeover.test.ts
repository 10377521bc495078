import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  allDone,
  crowd,
  faultLayers,
  lasting,
  makeRandom,
  openScene,
  say,
  secondsOf,
  type Someone,
  threeBlocks,
  toll
} from "../support/faults.ts"
import { botToken, openShop } from "../support/shop.ts"

const layers = faultLayers({ telegram: { timeScale: 0.02, latencyMs: 120 } })
const next = makeRandom()

/** A shop whose greeting has three messages, and people who are being greeted at this moment by two processes. */
const busy = Effect.fnUntraced(function* (people: ReadonlyArray<Someone>, processes: number) {
  const scene = yield* openScene
  const { telegram } = scene.sandbox
  const first = yield* scene.start()
  const { slug } = yield* openShop(first.service, scene.sandbox)
  yield* threeBlocks(scene.sandbox, first.service, slug)
  const others = yield* Effect.replicateEffect(scene.start(), processes - 1)
  yield* Effect.forEach(people, telegram.person)
  yield* Effect.forEach(people, (person) => telegram.sendText(botToken, person, "/start"))
  yield* telegram.waitForCount(people.length / 2, (call) => call.method === "sendPhoto")
  yield* lasting(next() * 250)
  return { ...scene, first, others }
})

describe("kill -9 between the messages of a greeting", () => {
  it.live(
    "the other process finishes within 30 s, and no confirmed message is sent again",
    () =>
      Effect.gen(function* () {
        const people = crowd(16)
        const { first, kill, sandbox, sql } = yield* busy(people, 2)
        yield* kill(first)
        const diedAt = performance.now()
        const { seconds } = yield* secondsOf(allDone(sql, 30))
        const { ambiguous, duplicated, inFlight, lost } = toll(yield* sandbox.telegram.calls, people, [diedAt])
        yield* say(
          `other process: ${seconds.toFixed(1)} s, lost ${lost}, duplicated ${duplicated}, ambiguous ${ambiguous} of ${inFlight} in flight`
        )
        assert.deepStrictEqual({ lost, duplicated }, { lost: 0, duplicated: 0 })
        assert.isAtMost(ambiguous, inFlight)
        const events = yield* sql`select 1 from funnel_events where event_name = 'bot_start'`
        assert.lengthOf(events, people.length)
      }).pipe(Effect.scoped, Effect.provide(layers)),
    60_000
  )

  it.live(
    "the same process, started again, finishes within 10 s",
    () =>
      Effect.gen(function* () {
        const people = crowd(16)
        const { first, kill, sandbox, sql, start } = yield* busy(people, 1)
        yield* kill(first)
        const diedAt = performance.now()
        yield* start(first)
        const { seconds } = yield* secondsOf(allDone(sql, 20))
        const { ambiguous, duplicated, inFlight, lost } = toll(yield* sandbox.telegram.calls, people, [diedAt])
        yield* say(
          `started again: ${seconds.toFixed(1)} s, lost ${lost}, duplicated ${duplicated}, ambiguous ${ambiguous} of ${inFlight} in flight`
        )
        assert.isAtMost(seconds, 10)
        assert.deepStrictEqual({ lost, duplicated }, { lost: 0, duplicated: 0 })
        assert.isAtMost(ambiguous, inFlight)
      }).pipe(Effect.scoped, Effect.provide(layers)),
    60_000
  )
})
