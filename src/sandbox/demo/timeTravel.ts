import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Seller } from "../simulator/Seller.ts"
import { DemoError } from "./service.ts"

/**
 * Time travel: what waits for a person is made due earlier in the queue itself. The service hears of it by the
 * table's own trigger, as of any change by SQL, and everything after that is what it does every day.
 */
export const timeTravel = (sql: PgClient.PgClient, slug: string): NonNullable<Seller["time"]> => ({
  next: (telegramId) =>
    Effect.map(
      sql<{ readonly name: string | null; readonly at: Date }>`
        select d.name, q.scheduled_at as at
        from downsells_queue q join bot_downsells d on d.id = q.downsell_id
        where q.bot_slug = ${slug} and q.telegram_id = ${telegramId} and q.status = 'pending' and q.sending_at is null
        order by q.scheduled_at limit 1`,
      ([row]) => (row === undefined ? undefined : { name: row.name ?? "sem nome", at: row.at })
    ).pipe(Effect.mapError(unreachable)),
  advance: (telegramId) =>
    Effect.asVoid(sql`
      update downsells_queue q
      set scheduled_at = q.scheduled_at - s.by, schedule_at = q.schedule_at - s.by, updated_at = now()
      from (
        select min(scheduled_at) - now() as by from downsells_queue
        where bot_slug = ${slug} and telegram_id = ${telegramId} and status = 'pending' and sending_at is null) s
      where q.bot_slug = ${slug} and q.telegram_id = ${telegramId} and q.status = 'pending' and q.sending_at is null`).pipe(
      Effect.mapError(unreachable)
    )
})

const unreachable = (error: SqlError.SqlError) =>
  new DemoError({ message: `O banco de dados da demonstração não respondeu: ${error.message}` })
