import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { type Figure, figure } from "./figure.ts"

const batch = 5_000
const batches = 40
const writers = 3

/** Events of many people in batches, as the settling statement writes them; the peer has no indexes and no partitions. */
export const ingestRate = (sql: SqlClient.SqlClient): Effect.Effect<ReadonlyArray<Figure>, unknown> =>
  Effect.gen(function* () {
    yield* sql`create table if not exists bench_heap (like funnel_events including defaults)`
    const write = (table: string, n: number) => {
      const numbers = Array.from({ length: batch }, (_, i) => n * batch + i)
      return sql`
        insert into ${sql(table)} (id, event_id, event_name, occurred_at, bot_id, bot_slug, telegram_id, tg_id, session_id, source)
        select n, 'ingest:' || n, 'bot_start', now(), 1 + n % 20, 'bot' || 1 + n % 20, 7000000000 + n, 7000000000 + n, 's' || n, 'bot'
        from unnest(${numbers}::bigint[]) n
        on conflict do nothing`
    }
    const rate = Effect.fnUntraced(function* (table: string) {
      const begun = performance.now()
      yield* Effect.forEach(
        Array.from({ length: batches }, (_, i) => i),
        (n) => write(table, n),
        { concurrency: writers, discard: true }
      )
      return (batch * batches) / ((performance.now() - begun) / 1000)
    })
    const peer = yield* rate("bench_heap")
    const value = yield* rate("funnel_events")
    yield* sql`drop table bench_heap`
    return [figure("metrics_ingest", "events/s", value, { peer })]
  })
