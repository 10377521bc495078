import { assert, describe, it } from "@effect/vitest"
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { timeTravel } from "../../src/sandbox/demo/timeTravel.ts"
import { TestDatabase } from "../support/postgres.ts"

const [ana, bruno] = [7001, 7002]

describe("time travel to the next downsell", () => {
  it.live("makes it due now and those after it earlier by as much, for this person alone", () =>
    Effect.gen(function* () {
      const sql = yield* PgClient.PgClient
      yield* sql`insert into bots (slug) values ('vip')`
      yield* sql`insert into bot_downsells (bot_id, slug, name, trigger_type, delay_seconds, content, active)
        select bots.id, 'vip', n.name, 'start', 600, '{}', true from bots, unnest(array['Ainda dá tempo', 'Última']) n (name)`
      const wait = (person: number, name: string, minutes: number) => sql`
        insert into downsells_queue (downsell_id, bot_id, slug, bot_slug, tg_id, telegram_id, trigger, schedule_at,
          scheduled_at, status, transaction_id)
        select d.id, d.bot_id, 'vip', 'vip', ${String(person)}, ${person}, 'start', now() + ${minutes} * interval '1 minute',
          now() + ${minutes} * interval '1 minute', 'pending', null
        from bot_downsells d where d.name = ${name}`
      yield* wait(ana, "Ainda dá tempo", 10)
      yield* wait(ana, "Última", 70)
      yield* wait(bruno, "Última", 10)
      const time = timeTravel(sql, "vip")
      const before = yield* time.next(ana)
      assert.strictEqual(before?.name, "Ainda dá tempo")
      assert.isAbove(before!.at.getTime(), Date.now() + 9 * 60_000)
      yield* time.advance(ana)
      const minutes = yield* sql<{ readonly minutes: number }>`
        select round(extract(epoch from scheduled_at - now()) / 60)::int as minutes from downsells_queue
        order by telegram_id, scheduled_at`
      assert.deepStrictEqual(
        minutes.map((row) => row.minutes),
        [0, 60, 10]
      )
      assert.isUndefined(yield* time.next(7003))
      yield* time.advance(7003)
    }).pipe(Effect.scoped, Effect.provide(TestDatabase.layer))
  )
})
