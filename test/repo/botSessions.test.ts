import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { BotSessionsRepo } from "../../src/repo/BotSessionsRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const layers = BotSessionsRepo.layer.pipe(Layer.provideMerge(TestDatabase.layer))

/** Events of one person, each so many minutes ago. */
const acts = Effect.fnUntraced(function* (
  telegramId: number,
  minutesAgo: ReadonlyArray<number>,
  name = "bot_interaction"
) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    insert into funnel_events (event_id, event_name, occurred_at, bot_id, bot_slug, telegram_id, tg_id, utm_source)
    select ${name} || ':' || ${telegramId}::bigint || ':' || m, ${name}, now() - make_interval(mins => m), 1, 'vip',
      ${telegramId}::bigint, ${telegramId}::bigint, 'FB'
    from unnest(${minutesAgo}::int[]) m`
})

const ends = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return yield* sql<{ id: string; who: number; minutes: number; utm: string }>`
    select event_id as id, telegram_id as who, round(extract(epoch from now() - occurred_at) / 60)::int as minutes,
      utm_source as utm
    from funnel_events where event_name = 'bot_session_end' order by telegram_id, occurred_at`
})

const shown = Effect.map(ends, (rows) => rows.map(({ minutes, who }) => [who, minutes]))

describe("the end of a visit to the bot", () => {
  it.live("is the last act before half an hour of nothing, once", () =>
    Effect.gen(function* () {
      const { endIdle } = yield* BotSessionsRepo
      yield* acts(1, [90, 85, 40])
      yield* acts(2, [29, 31])
      yield* acts(3, [31])
      yield* acts(4, [600, 400, 35], "bot_start")
      assert.strictEqual(yield* endIdle, 6)
      assert.deepStrictEqual(yield* shown, [
        [1, 85],
        [1, 40],
        [3, 31],
        [4, 600],
        [4, 400],
        [4, 35]
      ])
      assert.strictEqual((yield* ends)[0]?.utm, "FB")
      assert.strictEqual(yield* endIdle, 0)
      assert.lengthOf(yield* ends, 6)
    }).pipe(Effect.provide(layers))
  )

  it.live("does not come of what the bot sends or a bank confirms, nor twice from two processes", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { endIdle } = yield* BotSessionsRepo
      yield* acts(1, [45], "pix_paid")
      yield* acts(2, [45])
      const counts = yield* Effect.all([endIdle, endIdle, endIdle], { concurrency: "unbounded" })
      assert.strictEqual(
        counts.reduce((sum, count) => sum + count, 0),
        1
      )
      yield* sql`update tracking_marks set reached_at = now() - interval '2 hours'`
      assert.strictEqual(yield* endIdle, 0)
      assert.deepStrictEqual(yield* shown, [[2, 45]])
    }).pipe(Effect.provide(layers))
  )
})
