import { PgClient } from "@effect/sql-pg"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { migrate } from "../../src/db/Migrations.ts"
import { splitSql } from "../../src/db/splitSql.ts"
import { freshDatabase, TestDatabase } from "../support/postgres.ts"

/** A folder of migrations made up for one test. */
const folderOf = Effect.fnUntraced(function* (files: Record<string, string>) {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "funil migrações "))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true }))
  )
  const write = (changed: Record<string, string>) =>
    Object.entries(changed).forEach(([name, text]) => writeFileSync(join(directory, name), text))
  write(files)
  return { directory, write }
})

describe("the migration runner", () => {
  it.live("runs a changed file again, and only that one", () =>
    Effect.gen(function* () {
      const { directory, write } = yield* folderOf({
        "0001_a.sql": "create table if not exists a (id int)",
        "0002_b.sql": "create table if not exists b (id int);",
        "README.md": "not a migration"
      })
      assert.deepStrictEqual(yield* migrate({ directory }), { applied: ["0001_a", "0002_b"] })
      write({ "0001_a.sql": "create table if not exists a (id int); alter table a add column if not exists n int" })
      assert.deepStrictEqual(yield* migrate({ directory }), { applied: ["0001_a"] })
      assert.deepStrictEqual(yield* migrate({ directory }), { applied: [] })
      const sql = yield* SqlClient.SqlClient
      assert.deepStrictEqual(yield* sql`select id, name, length(checksum) as n from funil_migrations order by id`, [
        { id: 1, name: "0001_a", n: 64 },
        { id: 2, name: "0002_b", n: 64 }
      ])
    }).pipe(Effect.provide(TestDatabase.layerEmpty))
  )

  it.live("names the failing file and the reason, takes it back whole, and goes on there next time", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const { directory, write } = yield* folderOf({
        "0001_fine.sql": "create table fine (id int)",
        "0002_broken.sql": "create table half (id int); insert into missing_table values (1)"
      })
      const error = yield* Effect.flip(migrate({ directory }))
      assert.strictEqual(error.message, 'A migração 0002_broken.sql falhou: relation "missing_table" does not exist')
      const tables = sql`select relname from pg_class where relname in ('fine', 'half') order by 1`
      assert.deepStrictEqual(yield* tables, [{ relname: "fine" }])
      write({ "0002_broken.sql": "create table half (id int)" })
      assert.deepStrictEqual(yield* migrate({ directory }), { applied: ["0002_broken"] })
      assert.strictEqual((yield* tables).length, 2)
    }).pipe(Effect.provide(TestDatabase.layerEmpty))
  )

  it.live("is not cut by the pool's time limits, nor is the machine that waits for it, and gives them back", () =>
    Effect.gen(function* () {
      const url = yield* freshDatabase("template0")
      const { directory } = yield* folderOf({ "0001_slow.sql": "select pg_sleep(0.4)" })
      const impatient = PgClient.layer({
        url,
        maxConnections: 1,
        startupParameters: { statement_timeout: "100", lock_timeout: "100" }
      })
      const machine = Effect.gen(function* () {
        const { applied } = yield* migrate({ directory })
        const sql = yield* SqlClient.SqlClient
        const [row] = yield* sql<{ limits: string }>`
          select concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout')) as "limits"`
        return [applied.length, row?.limits]
      }).pipe(Effect.provide(impatient, { local: true }))
      const results = yield* Effect.all([machine, machine], { concurrency: 2 })
      assert.deepStrictEqual(
        results.toSorted((a, b) => Number(b[0]) - Number(a[0])),
        [
          [1, "100ms 100ms"],
          [0, "100ms 100ms"]
        ]
      )
    })
  )

  it.live("says that the migrations cannot be read", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(migrate({ directory: join(tmpdir(), "funil-does-not-exist") }))
      assert.match(error.message, /^Não consegui ler as migrações: ENOENT/)
    }).pipe(Effect.provide(TestDatabase.layerEmpty))
  )
})

describe("splitSql", () => {
  it("ends a statement only where SQL does", () => {
    const statements = splitSql(`
      -- a comment; with a semicolon
      select 1; select 'it''s; fine', "odd;name", $$ a; b $$;
      /* block; /* nested; */ still; */
      do $body$ begin perform 1; perform $x$;$x$; end $body$;;
      select e'\\'; still', 'plain\\'; select $1, price$a, 'x' -- the end;
    `)
    assert.deepStrictEqual(
      statements.map((statement) => statement.replaceAll(/\s+/g, " ")),
      [
        "-- a comment; with a semicolon select 1",
        "select 'it''s; fine', \"odd;name\", $$ a; b $$",
        "/* block; /* nested; */ still; */ do $body$ begin perform 1; perform $x$;$x$; end $body$",
        "select e'\\'; still', 'plain\\'",
        "select $1, price$a, 'x' -- the end;"
      ]
    )
  })

  it("gives nothing for comments alone", () => {
    assert.deepStrictEqual(splitSql("-- one\n/* two */;\n;"), [])
  })
})
