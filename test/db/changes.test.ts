import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Queue } from "effect"
import { SqlClient } from "effect/sql"
import { type Change, Changes } from "../../src/db/Changes.ts"
import { TestDatabase } from "../support/postgres.ts"

const layer = Changes.layer.pipe(Layer.provideMerge(TestDatabase.layer))

/** What one piece of work makes known, up to a marker that follows it. */
const toldBy = Effect.fnUntraced(function* <E, R>(queue: Queue.Dequeue<Change>, work: Effect.Effect<unknown, E, R>) {
  const sql = yield* SqlClient.SqlClient
  yield* work
  yield* sql`select pg_notify('funil_changes', '{"table": "marker"}')`
  const told: Array<Change> = []
  while (true) {
    const change = yield* Queue.take(queue)
    if (change._tag === "Row" && change.table === "marker") return told
    told.push(change)
  }
})

const row = (table: string, botId: number) => ({ _tag: "Row" as const, table, botId })

describe("changes of the settings", () => {
  it.live("of every table are told with the bot they belong to, once per transaction", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const queue = yield* (yield* Changes).subscribe
      const told = <E, R>(work: Effect.Effect<unknown, E, R>) => toldBy(queue, work)

      assert.deepStrictEqual(yield* told(sql`insert into bots (id, slug) values (1, 'vip'), (2, 'outro')`), [
        row("bots", 1),
        row("bots", 2)
      ])
      assert.deepStrictEqual(yield* told(sql`update bots set notice = 'Oi' where id = 1`), [row("bots", 1)])
      assert.deepStrictEqual(
        yield* told(sql`
          insert into bot_messages (bot_id, slug, sequence_order, content)
          select 1, 'start-' || n, n, '{}' from generate_series(1, 50) n`),
        [row("bot_messages", 1)]
      )
      assert.deepStrictEqual(
        yield* told(sql`insert into bot_plans (bot_id, name, price_cents) values (1, 'Mensal', 1990)`),
        [row("bot_plans", 1)]
      )
      assert.deepStrictEqual(
        yield* told(sql`insert into bot_downsells (bot_id, slug, name, content) values (1, 'a', 'A', '{}')`),
        [row("bot_downsells", 1)]
      )
      assert.deepStrictEqual(
        yield* told(sql`insert into shots (bot_id, slug, title, content) values (1, 'a', 'A', '{}')`),
        [row("shots", 1)]
      )
      assert.deepStrictEqual(yield* told(sql`update shots set status = 'queued', sent_count = 1`), [row("shots", 1)])
      assert.deepStrictEqual(yield* told(sql`update bot_messages set bot_id = 2 where sequence_order = 1`), [
        row("bot_messages", 1),
        row("bot_messages", 2)
      ])
      assert.deepStrictEqual(yield* told(sql`delete from bot_plans`), [row("bot_plans", 1)])
      assert.deepStrictEqual(yield* told(sql`delete from bots where id = 2`), [row("bots", 2), row("bot_messages", 2)])
    }).pipe(Effect.provide(layer))
  )

  it.live("of a row of V2, which knows only the slug of its bot, are told by that", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const queue = yield* (yield* Changes).subscribe
      const told = yield* toldBy(queue, sql`insert into bot_messages (slug, content) values ('vip_bot', '{}')`)
      assert.deepStrictEqual(told, [{ _tag: "Row", table: "bot_messages", slug: "vip_bot" }])
    }).pipe(Effect.provide(layer))
  )

  it.live("that change nothing, count what a shot sends, or are taken back are not told", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const queue = yield* (yield* Changes).subscribe
      yield* toldBy(queue, sql`insert into bots (id, slug) values (1, 'vip')`)
      yield* toldBy(queue, sql`insert into shots (bot_id, slug, title, content) values (1, 'a', 'A', '{}')`)
      const quiet = Effect.gen(function* () {
        yield* sql`update bots set notice = notice, slug = 'vip'`
        yield* sql`update shots set sent_count = sent_count + 1, failed_count = 2, updated_at = now()`
        yield* Effect.ignore(sql.withTransaction(Effect.andThen(sql`update bots set notice = 'x'`, sql`select 1 / 0`)))
      })
      assert.deepStrictEqual(yield* toldBy(queue, quiet), [])
    }).pipe(Effect.provide(layer))
  )

  it.live("are read anew after the connection was lost, and the loss is logged in plain words", () => {
    const lines: Array<string> = []
    const recorder = Logger.layer([Logger.make(({ message }) => void lines.push(String(message)))])
    return Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const queue = yield* (yield* Changes).subscribe
      const cut = sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'funil-avisos' and datname = current_database()`
      assert.strictEqual((yield* cut).length, 1)
      assert.deepStrictEqual(yield* Queue.take(queue), { _tag: "Resync" })
      assert.deepStrictEqual(yield* toldBy(queue, sql`insert into bots (id, slug) values (1, 'vip')`), [row("bots", 1)])
      assert.strictEqual(lines.filter((line) => line.includes("Perdi os avisos de mudança")).length, 1)
      assert.strictEqual(lines.filter((line) => line.includes("voltaram")).length, 1)
    }).pipe(Effect.provide(layer.pipe(Layer.provideMerge(recorder))))
  })

  it.live("announced by hand, without saying what, make everybody read everything", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const changes = yield* Changes
      const [one, other] = [yield* changes.subscribe, yield* changes.subscribe]
      yield* sql`select pg_notify('funil_changes', '')`
      assert.deepStrictEqual(yield* Queue.take(one), { _tag: "Resync" })
      assert.deepStrictEqual(yield* Queue.take(other), { _tag: "Resync" })
    }).pipe(Effect.provide(layer))
  )
})
