import type { SqlClient } from "effect/sql"
import { sessionDays } from "../../domain/visit.ts"
import { insertOutbox, type NewOutboxRow } from "../OutboxRepo.ts"

/** A /start that brought something behind it, which may be the id of a click session. */
export interface TokenStart {
  readonly botId: number
  readonly telegramId: number
  readonly token: string
  readonly at: Date
}

/**
 * The sessions that these people came with, now theirs. A session is opened by one person only, of its own bot, while
 * it is young; whatever else stands behind a /start (nothing of ours, another's, an erased one) opens none, and the
 * start is organic. `first`: nobody had started with it before.
 */
export const bindSessions = (sql: SqlClient.SqlClient, starts: ReadonlyArray<TokenStart>) =>
  starts.length === 0
    ? sql`select null::text as id, null::bigint as bot_id, null::bigint as telegram_id, false as first where false`
    : sql`
      update tracking_sessions s set telegram_id = t.telegram_id, bot_id = t.bot_id, updated_at = now(),
        started_at = coalesce(s.started_at, t.at), last_seen_at = greatest(s.last_seen_at, t.at)
      from unnest(${starts.map((one) => one.botId)}::bigint[], ${starts.map((one) => one.telegramId)}::bigint[],
        ${starts.map((one) => one.token)}::text[], ${starts.map((one) => one.at.toISOString())}::timestamptz[]
      ) t (bot_id, telegram_id, token, at)
      where s.id = t.token and (s.bot_id = t.bot_id or s.bot_id is null) and s.erased_at is null
        and (s.telegram_id is null or s.telegram_id = t.telegram_id)
        and s.first_seen_at > t.at - make_interval(days => ${sessionDays})
      returning s.id, t.bot_id, t.telegram_id, s.started_at = t.at as first`

/**
 * What Meta hears of these starts: a person's first one, and the first of each click. `people` and `bound` name queries
 * of the same statement.
 */
export const reportStarts = (sql: SqlClient.SqlClient, rows: ReadonlyArray<NewOutboxRow>) =>
  insertOutbox(
    sql,
    rows,
    sql`
      join people p on p.bot_id = n.bot_id and p.telegram_id = n.telegram_id
      left join bound b on b.bot_id = n.bot_id and b.telegram_id = n.telegram_id
      left join bot_tracking t on t.bot_id = n.bot_id
      left join lateral (select s.consent from tracking_sessions s where s.id = p.session_id limit 1) s on true
    where (p.first_start_at = p.last_start_at or b.first) and (not coalesce(t.consent_required, false) or s.consent)`
  )
