import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import {
  buttonTap,
  crowd,
  faultLayers,
  lasting,
  makeRandom,
  openScene,
  overlaps,
  say,
  waitUntil
} from "../support/faults.ts"
import { openShop } from "../support/shop.ts"
import { hook, secretOf } from "../support/updates.ts"

const people = crowd(10)
const tapsEach = 12

describe("one person at two processes", () => {
  it.live(
    "never runs twice at the same time, keeps the order, and every update has one effect",
    () =>
      Effect.gen(function* () {
        const { sandbox, sql, start } = yield* openScene
        const first = yield* start()
        const { slug } = yield* openShop(first.service, sandbox)
        const second = yield* start()
        const nodes = [first, second]
        const secret = yield* secretOf(slug)
        yield* waitUntil(hook(second.service, slug, secret, {}), (answer) => answer.status === 422)
        const next = makeRandom()
        const sent = new Map<number, Array<string>>()

        // As Telegram does it: the next update of a chat leaves when the one before is acknowledged.
        yield* Effect.forEach(
          people,
          (person, p) =>
            Effect.gen(function* () {
              const ids: Array<string> = []
              sent.set(person.id, ids)
              for (let i = 0; i < tapsEach; i++) {
                const update = buttonTap(person, `nada:${i}`)
                ids.push(String(update.update_id))
                const answer = yield* hook(nodes[(i + p) % 2]!.service, slug, secret, update)
                assert.strictEqual(answer.status, 200)
                if (next() < 0.3) yield* lasting(next() * 60)
              }
            }),
          { concurrency: "unbounded", discard: true }
        )
        // And as it does not: two updates of one person at the same moment, at either process.
        const atOnce = crowd(20, 7_100_000_001)
        yield* Effect.forEach(
          atOnce,
          (person) =>
            Effect.forEach(nodes, (node) => hook(node.service, slug, secret, buttonTap(person, "nada:0")), {
              concurrency: "unbounded"
            }),
          { concurrency: "unbounded", discard: true }
        )

        yield* waitUntil(
          sql<{ open: number }>`select count(*) as open from telegram_updates where state <> 1`,
          ([row]) => row?.open === 0,
          20
        )
        const calls = (yield* sandbox.telegram.calls).filter((call) => call.method === "answerCallbackQuery")
        const owner = yield* sql<{ person: number; update: string }>`
          select person_id as person, update_id::text as update from telegram_updates`
        const personOf = new Map(owner.map((row) => [row.update, row.person]))
        const callsOf = (id: number) =>
          calls.filter((call) => personOf.get(String(call.params["callback_query_id"])) === id)
        const everybody = [...people, ...atOnce]
        const overlapping = everybody.flatMap(({ id }) => overlaps(callsOf(id)))
        const events = yield* sql<{ n: number }>`
          select count(*) as n from funnel_events where event_name = 'bot_interaction'`
        const at = yield* sql<{ owner: string; n: number }>`
          select owner, count(*) as n from telegram_updates group by owner`
        yield* say(
          `${calls.length} taps at ${at.map((row) => row.n).join(" and ")} a process, overlapping ${overlapping.length}`
        )
        assert.lengthOf(overlapping, 0)
        assert.lengthOf(calls, people.length * tapsEach + 2 * atOnce.length)
        assert.strictEqual(events[0]?.n, calls.length)
        for (const { id } of people) {
          const order = callsOf(id)
            .toSorted((a, b) => a.receivedAt - b.receivedAt)
            .map((call) => String(call.params["callback_query_id"]))
          assert.deepStrictEqual(order, sent.get(id))
        }
      }).pipe(Effect.scoped, Effect.provide(faultLayers({ telegram: { timeScale: 0.02, latencyMs: 25 } }))),
    60_000
  )
})
