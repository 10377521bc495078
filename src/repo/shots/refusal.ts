import type { SqlClient } from "effect/sql"
import { hasPaid } from "./audience.ts"

/** Why somebody who was frozen into a shot gets nothing after all; what the row keeps as its reason. */
export const refusals = ["opted_out", "blocked", "paid", "late", "capped"] as const
export type Refusal = (typeof refusals)[number]

/**
 * Judged over a row `q` of shots_queue with its shot `s`, bot `b` and person `u` (absent for people of V2). The limit
 * per person counts what he got and what may be on its way to him.
 */
export const refusalOf = (sql: SqlClient.SqlClient) => sql`case
  when u.opted_out then 'opted_out'
  when u.blocked and coalesce((s.filters ->> 'exclude_blocked')::boolean, true) then 'blocked'
  when s.filters ->> 'audience' in ('never_paid', 'pix_unpaid') and ${hasPaid(sql)} then 'paid'
  when s.valid_hours is not null and now() > s.started_at + make_interval(hours => s.valid_hours) then 'late'
  when b.shots_per_person is not null and (
    select count(*) from shots_queue o
    where o.bot_slug = q.bot_slug and o.telegram_id = q.telegram_id and o.shot_id <> q.shot_id
      and (o.status = 'sent' and o.sent_at > now() - make_interval(hours => b.shots_per_person_hours)
        or o.status in ('pending', 'ambiguous')
          and o.sending_at > now() - make_interval(hours => b.shots_per_person_hours))
  ) >= b.shots_per_person then 'capped' end`
