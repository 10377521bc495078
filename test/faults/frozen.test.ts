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
  threeBlocks,
  toll,
  waitUntil
} from "../support/faults.ts"
import { botToken, openShop, sentTo } from "../support/shop.ts"

const next = makeRandom()
const people = crowd(16)
const frozenMs = 15_000

describe("a process stands still for 15 s and goes on", () => {
  it.live(
    "what another one took over meanwhile has one effect all the same",
    () =>
      Effect.gen(function* () {
        const { freeze, sandbox, sql, start, thaw } = yield* openScene
        const { telegram } = sandbox
        const first = yield* start()
        const { slug } = yield* openShop(first.service, sandbox)
        yield* threeBlocks(sandbox, first.service, slug)
        yield* Effect.forEach(people, telegram.person)
        yield* Effect.forEach(people, (person) => telegram.sendText(botToken, person, "/start"))
        yield* telegram.waitForCount(people.length, (call) => call.method === "sendPhoto")
        yield* lasting(next() * 200)
        yield* freeze(first)
        const frozenAt = performance.now()
        yield* start()
        const takenOver = yield* secondsOf(allDone(sql, 14))
        yield* lasting(frozenMs - (performance.now() - frozenAt))
        const mark = first.service.log.length
        const thawedAt = performance.now()
        yield* thaw(first)
        // It answers for itself again before anything is counted: its next beat, and somebody new.
        yield* waitUntil(first.service.request("GET", "/readyz"), (answer) => answer.status === 200)
        yield* waitUntil(
          sql<{ n: number }>`select count(*) as n from nodes where seen_at > now() - interval '2 seconds'`,
          ([row]) => row?.n === 2
        )
        const late = crowd(8, 7_200_000_001)
        yield* Effect.forEach(late, telegram.person)
        yield* Effect.forEach(late, (person) => telegram.sendText(botToken, person, "/start"))
        yield* Effect.forEach(late, ({ id }) => telegram.waitFor(sentTo(id, /Olá/)))
        yield* allDone(sql, 10)

        const { ambiguous, duplicated, inFlight, lost, withThaw } = toll(
          yield* telegram.calls,
          [...people, ...late],
          [frozenAt],
          { thawedAt }
        )
        yield* say(
          `frozen: taken over after ${takenOver.seconds.toFixed(1)} s, lost ${lost}, duplicated ${duplicated}, ` +
            `ambiguous ${ambiguous} of ${inFlight} in flight, ${withThaw} with the thaw`
        )
        assert.deepStrictEqual({ lost, duplicated }, { lost: 0, duplicated: 0 })
        assert.isAtMost(ambiguous, inFlight)
        assert.isAtMost(withThaw, 1)
        assert.notMatch(first.service.log.slice(mark), / ERROR /)
        const events = yield* sql`select 1 from funnel_events where event_name = 'bot_start'`
        assert.lengthOf(events, people.length + late.length)
      }).pipe(Effect.scoped, Effect.provide(faultLayers({ telegram: { timeScale: 0.02, latencyMs: 150 } }))),
    60_000
  )
})
