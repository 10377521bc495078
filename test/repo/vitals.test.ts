import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { VitalsRepo } from "../../src/repo/VitalsRepo.ts"
import { TestDatabase } from "../support/postgres.ts"

const layer = VitalsRepo.layer.pipe(Layer.provideMerge(TestDatabase.layer))

describe("VitalsRepo", () => {
  it.live("is all zeros over an empty database", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* (yield* VitalsRepo).read, {
        inboxSeconds: 0,
        deadUpdates: 0,
        nodes: 0,
        webhookPending: 0,
        webhookErrors: 0,
        botsUnusable: 0,
        rollupSeconds: 0,
        outbox: []
      })
    }).pipe(Effect.provide(layer))
  )

  it.live("tells the oldest of each queue and how many wait, fail and live", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`
        insert into telegram_updates (bot_id, update_id, kind, payload, state, received_at) values
          (1, 1, 'start', '{}', 0, now() - interval '90 seconds'), (1, 2, 'start', '{}', 0, now()),
          (1, 3, 'start', '{}', 1, now() - interval '1 day'), (1, 4, 'start', '{}', 2, now() - interval '2 days'),
          (1, 5, 'start', '{}', 2, now())`
      yield* sql`
        insert into nodes (id, seen_at) values ('a', now()), ('b', now() - interval '5 seconds'),
          ('morto', now() - interval '9 seconds')`
      yield* sql`
        insert into bots (slug, active, webhook_pending, webhook_error, deleted_at) values
          ('a', true, 40, null, null), ('b', true, 2, 'erro', null), ('c', true, null, null, null),
          ('parado', false, 100, 'erro', null), ('apagado', true, 100, 'erro', now())`
      yield* sql`update bots set inactive_reason = 'o Telegram recusou o token' where slug in ('parado', 'apagado')`
      yield* sql`update metrics_state set rolled_to = now() - interval '10 minutes'`
      yield* sql`
        insert into outbox (topic, payload, destination, status, created_at) values
          ('x', '{}', 'telegram', 'pending', now() - interval '30 seconds'), ('x', '{}', 'telegram', 'pending', now()),
          ('x', '{}', 'telegram', 'sent', now() - interval '1 day'), ('x', '{}', 'facebook', 'failed', now()),
          ('legado', '{}', null, 'pending', now() - interval '1 year')`
      const { inboxSeconds, outbox, rollupSeconds, ...rest } = yield* (yield* VitalsRepo).read
      assert.deepStrictEqual(rest, { deadUpdates: 2, nodes: 2, webhookPending: 42, webhookErrors: 1, botsUnusable: 1 })
      assert.strictEqual(Math.floor(rollupSeconds / 60), 10)
      assert.isTrue(inboxSeconds >= 90 && inboxSeconds < 120, String(inboxSeconds))
      const queues = outbox.toSorted((a, b) => a.destination.localeCompare(b.destination))
      assert.deepStrictEqual(
        queues.map(({ oldestSeconds, ...queue }) => [queue, Math.floor(oldestSeconds / 30)]),
        [
          [{ destination: "facebook", pending: 0, failed: 1 }, 0],
          [{ destination: "telegram", pending: 2, failed: 0 }, 1]
        ]
      )
    }).pipe(Effect.provide(layer))
  )

  it.live("stays cheap over a large inbox and a large outbox", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`
        insert into telegram_updates (bot_id, update_id, kind, payload, state)
        select 1, n, 'text', '{}', case when n % 1000 = 0 then 0 else 1 end from generate_series(1, 100000) n`
      yield* sql`
        insert into outbox (topic, payload, destination, status)
        select 'x', '{}', 'telegram', case when n % 1000 = 0 then 'pending' else 'sent' end
        from generate_series(1, 50000) n`
      yield* sql`analyze`
      const seq = Effect.map(
        sql<{ readonly rows: number }>`
          select sum(seq_tup_read)::bigint as rows from pg_stat_xact_user_tables
          where relname in ('telegram_updates', 'outbox')`,
        ([row]) => row!.rows
      )
      const vitals = yield* VitalsRepo
      const read = yield* sql.withTransaction(
        Effect.gen(function* () {
          const before = yield* seq
          const reading = yield* vitals.read
          assert.strictEqual(reading.outbox[0]?.pending, 50)
          return (yield* seq) - before
        })
      )
      assert.strictEqual(read, 0)
    }).pipe(Effect.provide(layer))
  )
})
