import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { readFileSync } from "node:fs"
import { splitSql } from "../../src/db/splitSql.ts"

/** Runs the statements of a file in test/fixtures on the database in use. */
export const loadFixture = Effect.fnUntraced(function* (name: string) {
  const sql = yield* SqlClient.SqlClient
  const text = readFileSync(new URL(`../fixtures/${name}`, import.meta.url), "utf8")
  yield* Effect.forEach(splitSql(text), (statement) => sql.unsafe(statement).unprepared, { discard: true })
})

type Columns = ReadonlyMap<string, ReadonlyArray<string>>

/** Tables (a partitioned one counts once) with their columns. */
export const columnsOfTables: Effect.Effect<Columns, never, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ table: string; columns: ReadonlyArray<string> }>`
    select c.relname as "table", array_agg(a.attname::text order by a.attnum) as "columns"
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.attnum > 0 and not a.attisdropped
    group by c.relname order by c.relname`
  return new Map(rows.map((row) => [row.table, row.columns]))
}).pipe(Effect.orDie)

/** Every row, reduced to the given columns, as PostgreSQL writes it as JSON: nothing is lost to the driver. */
export const contentOf = Effect.fnUntraced(function* (tables: Columns) {
  const sql = yield* SqlClient.SqlClient
  const content: Record<string, ReadonlyArray<string>> = {}
  for (const [table, columns] of tables) {
    const names = sql.csv(columns.map((name) => sql`${sql(name)}`))
    const rows = yield* sql<{ row: string }>`
      select to_jsonb(t)::text as row from (select ${names} from ${sql(table)}) t order by 1`
    content[table] = rows.map(({ row }) => row)
  }
  return content
})
