import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { TestDatabase } from "../support/postgres.ts"

describe("values on their way to PostgreSQL and back", () => {
  it.live("int8 and count(*) are numbers, numeric is a string", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const [row] = yield* sql`
        select 7205343917::bigint as id, -7205343917::bigint as negative, count(*) as many, 12.50::numeric as price,
          array[1, 7205343917]::bigint[] as ids, (2::numeric ^ 53 - 1)::bigint as largest
        from generate_series(1, 3)`
      assert.deepStrictEqual(row, {
        id: 7205343917,
        negative: -7205343917,
        many: 3,
        price: "12.50",
        ids: [1, 7205343917],
        largest: Number.MAX_SAFE_INTEGER
      })
    }).pipe(Effect.provide(TestDatabase.layer))
  )

  it.live("an int8 that a number cannot hold is refused, not rounded", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const error = yield* Effect.flip(sql`select 9007199254740993::bigint as id`)
      assert.include(String(error.reason.cause), "9007199254740993")
    }).pipe(Effect.provide(TestDatabase.layer))
  )

  it.live("a list of ids may mix small, large and missing ones", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      for (const ids of [[1, 7205343917], [7205343917, null, 5], [null, null], [null], [], [3], [-7205343917, 0]]) {
        const rows = yield* sql<{
          id: number | null
        }>`select id from unnest(${ids}::bigint[]) with ordinality u (id, n) order by n`
        assert.deepStrictEqual(
          rows.map((row) => row.id),
          ids
        )
      }
      const [floats] = yield* sql`select ${[1, 2.5]}::float8[] as list`
      assert.deepStrictEqual(floats, { list: [1, 2.5] })
      const [texts] = yield* sql`select ${[null, null]}::text[] as list`
      assert.deepStrictEqual(texts, { list: [null, null] })
      const inTransaction = yield* sql.withTransaction(
        sql`select 1 where 9999999999 = any(${[1, 9999999999]}::bigint[])`
      )
      assert.strictEqual(inTransaction.length, 1)
    }).pipe(Effect.provide(TestDatabase.layer))
  )
})
