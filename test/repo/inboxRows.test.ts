import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { type InboxRow, UpdatesRepo } from "../../src/repo/UpdatesRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const layer = UpdatesRepo.layer.pipe(Layer.provideMerge(TestDatabase.layer))

const row = (updateId: number, payload = "{}"): InboxRow => ({
  botId: 7,
  updateId,
  personId: 7_205_343_917,
  kind: "text",
  payload,
  requestId: `r${updateId}`,
  receivedAt: new Date()
})

const kept = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ id: number; payload: string }>`
    select update_id as id, payload from telegram_updates order by update_id`
  return rows.map(({ id, payload }) => `${id} ${payload}`)
})

describe("inserting updates", () => {
  it.live("names the repeated ones, whatever they came together with, and keeps what was there first", () =>
    Effect.gen(function* () {
      const updates = yield* UpdatesRepo
      const insert = (...rows: ReadonlyArray<InboxRow>) => updates.insertMany("node", rows)
      assert.deepStrictEqual(yield* insert(row(1), row(2)), [true, true])
      assert.deepStrictEqual(yield* insert(row(2, "outro"), row(3)), [false, true])
      assert.deepStrictEqual(yield* insert(row(4), row(4, "outro"), row(1, "outro")), [true, false, false])
      assert.deepStrictEqual(yield* insert(row(5), row(6)), [true, true])
      assert.deepStrictEqual(yield* kept, ["1 {}", "2 {}", "3 {}", "4 {}", "5 {}", "6 {}"])
    }).pipe(Effect.provide(layer))
  )

  it.live("two in one statement that are the same, before anything was repeated", () =>
    Effect.gen(function* () {
      const updates = yield* UpdatesRepo
      assert.deepStrictEqual(yield* updates.insertMany("node", [row(1), row(1, "outro"), row(2)]), [true, false, true])
      assert.deepStrictEqual(yield* kept, ["1 {}", "2 {}"])
    }).pipe(Effect.provide(layer))
  )

  it.live("of many that meet in two processes each is new to one", () =>
    Effect.gen(function* () {
      const rows = Array.from({ length: 200 }, (_, index) => row(index + 1))
      const updates = yield* UpdatesRepo
      const batches = [0, 50, 100, 150].map((from) => rows.slice(from, from + 50))
      const answers = yield* Effect.forEach(
        [...batches, ...batches],
        (batch) => Effect.map(updates.insertMany("node", batch), (fresh) => batch.filter((_, index) => fresh[index])),
        { concurrency: "unbounded" }
      )
      const news = answers.flat().map(({ updateId }) => updateId)
      assert.deepStrictEqual(
        news.toSorted((a, b) => a - b),
        rows.map(({ updateId }) => updateId)
      )
    }).pipe(Effect.provide(layer))
  )
})
