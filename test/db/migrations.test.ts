import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { Database } from "../../src/db/Database.ts"
import { migrate } from "../../src/db/Migrations.ts"
import { ensurePartitions } from "../../src/db/Partitions.ts"
import { columnsOfTables, contentOf, loadFixture } from "../support/fixtures.ts"
import { freshDatabase, TestDatabase } from "../support/postgres.ts"

const starts = {
  "an empty database": [],
  "a database of V2": ["v2.sql"],
  "a database of V2 and V3": ["v2.sql", "v3.sql"]
} as const

/** What the present schema looks like to a query: tables with their columns and types. */
const schemaOf = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  return yield* sql`
    select c.relname as "table", a.attname as "column", format_type(a.atttypid, a.atttypmod) as "type"
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      and a.attnum > 0 and not a.attisdropped
      -- tables of the older systems that we leave alone
      and c.relname not in ('funnel_events_legacy', 'broadcast_waves_queue', 'shot_plans_history')
    order by 1, 2`
})

describe("the migrations", () => {
  for (const [name, fixtures] of Object.entries(starts)) {
    it.live(`take ${name} to the present schema, twice, and leave its rows as they were`, () =>
      Effect.gen(function* () {
        yield* Effect.forEach(fixtures, loadFixture)
        const tables = yield* columnsOfTables
        const before = yield* contentOf(tables)
        assert.strictEqual(
          Object.values(before).every((rows) => rows.length > 0),
          true
        )

        const first = yield* migrate()
        assert.isAtLeast(first.applied.length, 7)
        yield* ensurePartitions()
        assert.deepStrictEqual(yield* contentOf(tables), before)
        const schema = yield* schemaOf

        assert.deepStrictEqual(yield* migrate(), { applied: [] })
        assert.deepStrictEqual(yield* migrate({ force: true }), first)
        assert.deepStrictEqual(yield* schemaOf, schema)
        assert.deepStrictEqual(yield* contentOf(tables), before)
      }).pipe(Effect.provide(TestDatabase.layerEmpty))
    )
  }

  it.live("end with the same columns and types wherever they started", () =>
    Effect.gen(function* () {
      const schemas = yield* Effect.forEach(Object.values(starts), (fixtures) =>
        Effect.gen(function* () {
          yield* Effect.forEach(fixtures, loadFixture)
          yield* migrate()
          return yield* schemaOf
        }).pipe(Effect.provide(TestDatabase.layerEmpty, { local: true }))
      )
      const [empty, v2, v3] = schemas
      assert.isAtLeast(empty!.length, 200)
      assert.deepStrictEqual(v2, empty)
      assert.deepStrictEqual(v3, empty)
    })
  )

  it.live("run once when four machines start at the same time", () =>
    Effect.gen(function* () {
      const url = yield* freshDatabase("template0")
      const machine = Effect.provide(migrate(), Database.layerUrl(url), { local: true })
      const results = yield* Effect.all([machine, machine, machine, machine], { concurrency: 4 })
      const worked = results.filter(({ applied }) => applied.length > 0)
      assert.strictEqual(worked.length, 1)
      assert.strictEqual(new Set(worked[0]?.applied).size, worked[0]?.applied.length)
    })
  )

  it.live("survive states of V2 that lack columns, indexes and partitions, and rows that repeat", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* loadFixture("v2.sql")
      yield* Effect.forEach(
        [
          "drop index ux_bots_slug",
          "insert into bots (name, slug) values ('Gêmeo', 'vip_bot')",
          "drop index ux_gateway_events_dedupe",
          "alter table gateway_events drop constraint gateway_events_provider_provider_event_id_key",
          "insert into gateway_events (provider, provider_event_id) values ('pushinpay', 'evt-1')",
          "alter table downsells_queue drop column bot_slug, drop column telegram_id, drop column trigger",
          "alter table shots drop column message, drop column bot_slug",
          "alter table bots drop column token_iv, drop column start_message",
          "drop table funnel_events",
          "alter table funnel_events_legacy rename to funnel_events"
        ],
        (statement) => sql.unsafe(statement)
      )
      const tables = yield* columnsOfTables
      const before = yield* contentOf(tables)
      yield* migrate()
      assert.deepStrictEqual(yield* ensurePartitions(), [])
      assert.deepStrictEqual(yield* contentOf(tables), before)
      const found = yield* sql`select indexname from pg_indexes where indexname in ('ux_bots_slug', 'ix_bots_slug')`
      assert.deepStrictEqual(found, [{ indexname: "ix_bots_slug" }])
      yield* sql`select bot_slug, telegram_id, trigger from downsells_queue`
      yield* migrate({ force: true })
    }).pipe(Effect.provide(TestDatabase.layerEmpty))
  )

  it.live("leave parts that only V2 looked at in working order", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* loadFixture("v2.sql")
      yield* migrate()
      assert.strictEqual((yield* sql`select * from bot_messages_with_media`).length, 1)
      const error = yield* Effect.flip(sql`
        insert into bot_messages (slug, content, media_sha256) values ('vip_bot', '{}', 'abc')`)
      assert.include(String(error.reason.cause), "media_kind")
      yield* sql`update media_store set mime = 'image/png' where id = 1`
      const [row] = yield* sql<{ touched: boolean }>`
        select updated_at > created_at as touched from media_store where id = 1`
      assert.isTrue(row?.touched)
    }).pipe(Effect.provide(TestDatabase.layerEmpty))
  )
})
