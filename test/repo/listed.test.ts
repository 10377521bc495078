import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import * as fc from "fast-check"
import { listed } from "../../src/repo/listed.ts"
import { TestDatabase } from "../support/postgres.ts"

const row = fc.record({
  id: fc.option(fc.maxSafeInteger()),
  text: fc.option(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\u0000", ""))),
  ms: fc.option(fc.oneof(fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true }))),
  flag: fc.option(fc.boolean())
})

type Row = typeof row extends fc.Arbitrary<infer One> ? One : never

describe("lists side by side", () => {
  it.live("arrive as rows in their order, one as well as none and many, whatever is missing", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const there = (rows: ReadonlyArray<Row>) =>
        sql`select * from ${listed(sql, [
          ["bigint", rows.map((r) => r.id)],
          ["text", rows.map((r) => r.text)],
          ["float8", rows.map((r) => r.ms)],
          ["boolean", rows.map((r) => r.flag ?? undefined)]
        ])} l (id, text, ms, flag)`
      const samples = fc.sample(fc.array(row, { maxLength: 4 }), { numRuns: 200, seed: 7 })
      yield* Effect.forEach(samples, (rows) => Effect.map(there(rows), (found) => assert.deepStrictEqual(found, rows)))
    }).pipe(Effect.provide(TestDatabase.layer))
  )
})
