import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { rowsOf } from "./decode.ts"

const Queue = Schema.Struct({
  destination: Schema.String,
  pending: Schema.Int,
  failed: Schema.Int,
  oldestSeconds: Schema.Finite
})

const Vitals = Schema.Struct({
  /** Of the oldest update that waits to be handled; 0 when none does. */
  inboxSeconds: Schema.Finite,
  deadUpdates: Schema.Int,
  nodes: Schema.Int,
  /** What Telegram holds back for our active bots, as far as it was asked. */
  webhookPending: Schema.Int,
  webhookErrors: Schema.Int,
  /** Not paused by their seller, but by what is wrong with them. */
  botsUnusable: Schema.Int,
  /** How far back the newest of the funnel's cells ends. */
  rollupSeconds: Schema.Finite,
  outbox: Schema.Array(Queue)
})
export type Vitals = typeof Vitals.Type

const decode = rowsOf(Vitals)

/** The state of the queues, for the operator's monitoring: one statement over partial indexes. */
export class VitalsRepo extends Context.Service<
  VitalsRepo,
  { readonly read: Effect.Effect<Vitals, SqlError.SqlError> }
>()("funil/repo/VitalsRepo") {
  static readonly layer = Layer.effect(
    VitalsRepo,
    Effect.map(SqlClient.SqlClient, (sql) => {
      const query = sql`
        with queues as (
          select destination, count(*) as pending, 0::bigint as failed, min(created_at) as oldest
          from outbox where status = 'pending' and destination is not null group by destination
          union all
          select destination, 0, count(*), null
          from outbox where status = 'failed' and destination is not null group by destination)
        select
          coalesce((select greatest(extract(epoch from now() - min(received_at)), 0)
            from telegram_updates where state = 0), 0)::float8 as "inboxSeconds",
          (select count(*) from telegram_updates where state = 2) as "deadUpdates",
          (select count(*) from nodes where seen_at > now() - interval '8 seconds') as "nodes",
          (select coalesce(sum(webhook_pending), 0)::bigint from bots where active and deleted_at is null)
            as "webhookPending",
          (select count(*) from bots where active and deleted_at is null and webhook_error is not null)
            as "webhookErrors",
          (select count(*) from bots where inactive_reason is not null and not active and deleted_at is null)
            as "botsUnusable",
          coalesce((select greatest(extract(epoch from now() - rolled_to), 0) from metrics_state), 0)::float8
            as "rollupSeconds",
          (select coalesce(jsonb_agg(q), '[]') from (
            select destination, sum(pending)::int as pending, sum(failed)::int as failed,
              coalesce(greatest(extract(epoch from now() - min(oldest)), 0), 0)::float8 as "oldestSeconds"
            from queues group by destination) q) as outbox`
      return VitalsRepo.of({
        read: Effect.map(decode(query), (rows) => rows[0]!).pipe(Effect.withTracerEnabled(false))
      })
    })
  )
}
