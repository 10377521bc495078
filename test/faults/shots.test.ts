import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Call } from "../../src/sandbox/telegram/CallLog.ts"
import { act, createShot, gather, until } from "../shots/support.ts"
import { crowd, faultLayers, lasting, makeRandom, openScene, say, waitUntil } from "../support/faults.ts"
import { openShop } from "../support/shop.ts"

const layers = faultLayers({ telegram: { timeScale: 0.02, latencyMs: 100, acceptUnknownChats: true } })
const next = makeRandom()
const tokens = ["8240789012:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBE", "8240789013:AAHk3fJ2nXq9vB7wZ5tR1yU8mP6sD4LEOBE"]
const perBot = 150

interface Row {
  readonly bot: string
  readonly person: number
  readonly status: string
}

/** What each person got, held against what his row says. */
const judge = (calls: ReadonlyArray<Call>, rows: ReadonlyArray<Row>) => {
  const got = Map.groupBy(
    calls.filter((call) => call.ok && /novidade/.test(String(call.params["text"]))),
    (call) => `${call.botId}/${Number(call.params["chat_id"])}`
  )
  let [twice, untrue, ambiguous, ambiguousButThere] = [0, 0, 0, 0]
  for (const { bot, person, status } of rows) {
    const copies = got.get(`${bot === "vip" ? 8_240_789_012 : 8_240_789_013}/${person}`)?.length ?? 0
    if (copies > 1) twice++
    if (status === "ambiguous") {
      ambiguous++
      if (copies === 1) ambiguousButThere++
    } else if (status !== "sent" || copies === 0) untrue++
  }
  return { twice, untrue, ambiguous, ambiguousButThere }
}

describe("a shot to 300 people by two processes", () => {
  it.live(
    "of which one is killed with -9: each person once, who may have been reached counted apart, counts true",
    () =>
      Effect.gen(function* () {
        const { kill, sandbox, sql, start } = yield* openScene
        const one = yield* start()
        const shops = [
          yield* openShop(one.service, sandbox, "vip", tokens[0]),
          yield* openShop(one.service, sandbox, "gold", tokens[1])
        ]
        const two = yield* start()
        const paths = yield* Effect.forEach(shops, (shop) =>
          Effect.gen(function* () {
            yield* gather(sql, shop.botId, crowd(perBot))
            return yield* createShot(one.service, shop.slug)
          })
        )
        // Each process has one of the bots.
        yield* waitUntil(
          sql<{ owners: number }>`select count(distinct owner)::int as owners from bot_leases where until > now()`,
          ([row]) => row?.owners === 2
        )
        yield* Effect.forEach(paths, (path) => act(one.service, path, "start"))
        const killAfterMs = 500 + next() * 3_500
        yield* lasting(killAfterMs)
        const [victim, survivor] = next() < 0.5 ? [one, two] : [two, one]
        yield* kill(victim)
        const before = performance.now()
        const shots = yield* Effect.forEach(paths, (path) => until(survivor.service, path, "done", 45))
        const seconds = (performance.now() - before) / 1000

        const rows = yield* sql<Row>`
          select b.slug as bot, q.telegram_id as person, q.status from shots_queue q join bots b on b.id = q.bot_id`
        const { ambiguous, ambiguousButThere, twice, untrue } = judge(yield* sandbox.telegram.calls, rows)
        yield* say(
          `killed after ${(killAfterMs / 1000).toFixed(1)} s, done ${seconds.toFixed(1)} s later: ` +
            `twice ${twice}, untrue ${untrue}, ambiguous ${ambiguous} (${ambiguousButThere} of them arrived)`
        )
        assert.deepStrictEqual({ twice, untrue, people: rows.length }, { twice: 0, untrue: 0, people: 2 * perBot })
        // At 29 a second and 100 ms there are three in the air.
        assert.isAtMost(ambiguous, 12)
        const told = shots.map(({ counts }) => counts)
        assert.deepStrictEqual(
          told.map(({ total }) => total),
          [perBot, perBot]
        )
        assert.strictEqual(told[0].ambiguous + told[1].ambiguous, ambiguous)
        assert.strictEqual(told[0].sent + told[1].sent, 2 * perBot - ambiguous)
      }).pipe(Effect.scoped, Effect.provide(layers)),
    90_000
  )
})
