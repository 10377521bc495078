import { Effect, Option } from "effect"
import type { SqlClient } from "effect/sql"
import type { ShotFilters, ShotStatus } from "../../domain/shot.ts"
import { audienceOf } from "./audience.ts"
import type { ShotRow } from "./row.ts"

/** A million people take about ten seconds; every other statement is cut off there. */
const longest = "120s"

/**
 * Freezes whom a shot is for, in the transaction that begins it: whoever tries at the same time waits for the row of the
 * shot and then finds it begun. Later changes of a person count again when his message is about to leave.
 */
export const freeze = (sql: SqlClient.SqlClient) =>
  Effect.fn("ShotsRepo.freeze")(
    function* (shot: Pick<ShotRow, "id" | "botId" | "bot">, filters: ShotFilters, from: ReadonlyArray<ShotStatus>) {
      const begun = yield* sql`
        update shots set status = 'sending', frozen_at = now(), started_at = now(), resumed_at = now(),
          updated_at = now(), stop_reason = null, bot_id = ${shot.botId}, bot_slug = ${shot.bot},
          filters = ${JSON.stringify(filters)}::jsonb
        where id = ${shot.id} and frozen_at is null and lower(status) = any(${from}::text[]) returning id`
      if (begun.length === 0) return Option.none<number>()
      yield* sql`select set_config('statement_timeout', ${longest}, true)`
      const [frozen] = yield* sql<{ people: number }>`
        with people as (
          insert into shots_queue (shot_id, bot_id, bot_slug, slug, tg_id, telegram_id, status)
          select ${shot.id}::bigint, u.bot_id, ${shot.bot}::text, ${shot.bot}::text, u.telegram_id::text, u.telegram_id,
            'pending'
          from ${audienceOf(sql, shot.botId, filters)}
          order by u.telegram_id
          on conflict do nothing
          returning 1)
        select count(*)::int as people from people`.unprepared
      const people = frozen?.people ?? 0
      yield* sql`update shots set total_targets = ${people} where id = ${shot.id}`
      return Option.some(people)
    },
    (effect) => sql.withTransaction(effect)
  )
