import { Effect } from "effect"
import type { SqlClient } from "effect/sql"

const perSecond = 200
const everyMs = 100

/**
 * Events as a crowd makes them, one in ten of them by people of before. `minutes` of it are there at once, as if it had
 * been going on: without the triggers, which would take it for something that came late.
 */
export const crowd = (sql: SqlClient.SqlClient) => {
  const run = Date.now()
  let made = 0
  const write = (events: number, overSeconds: number) => {
    const first = made
    made += events
    return sql`
      insert into funnel_events (event_id, event_name, occurred_at, bot_id, bot_slug, telegram_id, tg_id, session_id, source,
        utm_source, utm_medium, utm_campaign, utm_content, utm_term)
      select 'live' || ${run}::text || ':' || n, name, now() - make_interval(secs => ${overSeconds} * (1 - (n - ${first}) / ${events}::float8)), bot,
        'bot' || bot, case when person then who end, case when person then who end, 'live' || ${run}::text || n / 3, 'bot', 'FB',
        'conjunto 1|' || bot * 1000 + 1, 'campanha ' || to_char(now(), 'YYMM') || ' 1|' || bot * 100 + 1,
        'anuncio 1|' || bot * 10000 + 1, 'Instagram_Feed'
      from (
        select n, 1 + n / 3 % 20 as bot, n % 3 = 2 as person, case when n % 10 = 0 then 7000000000 + n * 37 % 1000000 else 7900000000 + n end as who,
          (array['presell_view', 'to_bot_click', 'bot_start'])[1 + n % 3] as name
        from generate_series(${first}::bigint, ${first + events - 1}::bigint) n) x`.unprepared
  }
  return {
    before: (minutes: number) =>
      sql.withTransaction(
        Effect.andThen(sql`set local session_replication_role = replica`, write(minutes * 60 * perSecond, minutes * 60))
      ),
    goingOn: Effect.forever(Effect.andThen(write((perSecond * everyMs) / 1000, everyMs / 1000), Effect.sleep(everyMs)))
  }
}
