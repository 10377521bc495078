import { Schema } from "effect"
import type { SqlClient } from "effect/sql"
import type { MessageContent } from "../../domain/content.ts"
import type { Downsell } from "../../domain/downsell.ts"

/** A downsell by its rules (`downsell_rules`), whichever system wrote it. */
export const DownsellRow = Schema.Struct({
  id: Schema.Int,
  botId: Schema.Int,
  name: Schema.String,
  active: Schema.Boolean,
  onStart: Schema.Boolean,
  onPix: Schema.Boolean,
  delaySeconds: Schema.Int,
  repeatAfterSeconds: Schema.NullOr(Schema.Int),
  dropAfterSeconds: Schema.NullOr(Schema.Int),
  fromMinutes: Schema.NullOr(Schema.Int),
  toMinutes: Schema.NullOr(Schema.Int),
  timeZone: Schema.String,
  toBuyers: Schema.Boolean,
  content: Schema.Unknown,
  mediaRefs: Schema.Unknown,
  createdAt: Schema.Date
})
export type DownsellRow = typeof DownsellRow.Type

/** The select list of `DownsellRow` for a row `d` of `downsell_rules`. */
export const columnsOf = (sql: SqlClient.SqlClient) => sql`
  d.id, d.bot_id as "botId", d.name, d.active, d.on_start as "onStart", d.on_pix as "onPix",
  d.delay_seconds as "delaySeconds", d.repeat_after_seconds as "repeatAfterSeconds",
  d.drop_after_seconds as "dropAfterSeconds", d.window_from_minutes as "fromMinutes",
  d.window_to_minutes as "toMinutes", d.time_zone as "timeZone", d.to_buyers as "toBuyers", d.content,
  d.media_refs as "mediaRefs", d.created_at as "createdAt"`

export const downsellOf = (row: DownsellRow, contents: ReadonlyArray<MessageContent>): Downsell => ({
  id: row.id,
  name: row.name,
  active: row.active,
  hours:
    row.fromMinutes === null || row.toMinutes === null
      ? undefined
      : { fromMinutes: row.fromMinutes, toMinutes: row.toMinutes, timeZone: row.timeZone },
  contents
})
