import type { SqlClient } from "effect/sql"
import { isoOf } from "../listing.ts"

/** A shot as it is stored, whichever system wrote it. */
export interface ShotRow {
  readonly id: number
  readonly botId: number
  readonly bot: string
  readonly title: string
  readonly status: string
  readonly content: unknown
  readonly mediaRefs: unknown
  readonly filters: unknown
  readonly frozen: boolean
  readonly scheduledAt: string | null
  readonly errorLimitPercent: number
  readonly validHours: number | null
  readonly stopReason: string | null
  readonly perSecond: number | null
  readonly createdAt: string
  readonly startedAt: string | null
  readonly completedAt: string | null
}

/** Of the rows `s` of shots and `b` of bots. V2's `scheduled_at` may have been made without a zone: it is UTC then. */
export const shotColumns = (sql: SqlClient.SqlClient) => sql`
  s.id, b.id as "botId", b.slug as bot, s.title, s.status, s.content,
  s.media_refs as "mediaRefs", s.filters, s.frozen_at is not null as frozen,
  ${isoOf(sql, "s.scheduled_at::timestamptz")} as "scheduledAt", s.error_limit_percent as "errorLimitPercent",
  s.valid_hours as "validHours", s.stop_reason as "stopReason",
  case when s.per_second_at > now() - interval '1 minute' then s.per_second::float8 end as "perSecond",
  ${isoOf(sql, "s.created_at")} as "createdAt",
  ${isoOf(sql, "s.started_at")} as "startedAt", ${isoOf(sql, "s.completed_at")} as "completedAt"`

/** V2's shots have no bot_id; their slug names the bot. */
export const ofBot = (sql: SqlClient.SqlClient) => sql`(b.id = s.bot_id or s.bot_id is null and b.slug = s.slug)`
