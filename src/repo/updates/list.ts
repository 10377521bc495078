import { Effect, Option, Schema, Struct } from "effect"
import type { SqlClient } from "effect/sql"
import { isInstant, limitOf, type Page } from "../cursor.ts"
import { rowsOf } from "../decode.ts"
import { isoOf, microsOf } from "../listing.ts"
import type { UpdateKey } from "../UpdatesRepo.ts"

export const updateStatuses = ["waiting", "done", "dead"] as const

/** An update as the admin API shows it: never what the person wrote. */
export const UpdateView = Schema.Struct({
  bot: Schema.NullOr(Schema.String),
  update_id: Schema.Int,
  kind: Schema.String,
  telegram_id: Schema.NullOr(Schema.Int),
  status: Schema.Literals(updateStatuses),
  attempts: Schema.Int,
  error: Schema.NullOr(Schema.String),
  received_at: Schema.String
})
export type UpdateView = typeof UpdateView.Type

/** Where the list goes on. Two bots may have an update of the same number in the same moment. */
export interface UpdatesCursor extends UpdateKey {
  readonly at: string
}

export interface UpdatesQuery {
  readonly botId?: number | undefined
  readonly status?: (typeof updateStatuses)[number] | undefined
  readonly cursor?: UpdatesCursor | undefined
  readonly limit?: number | undefined
}

const shape = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z)\|(\d{1,15})\|(\d{1,16})$/

const encode = ({ at, botId, updateId }: UpdatesCursor): string =>
  Buffer.from(`${at}|${botId}|${updateId}`, "utf8").toString("base64url")

/** None: this text was not given out by us. */
export const decodeUpdatesCursor = (text: string): Option.Option<UpdatesCursor> => {
  const [, at = "", botId, updateId] = shape.exec(Buffer.from(text, "base64url").toString("utf8")) ?? []
  const cursor = { at, botId: Number(botId), updateId: Number(updateId) }
  return isInstant(at) && Number.isSafeInteger(cursor.updateId) ? Option.some(cursor) : Option.none()
}

const decode = rowsOf(Schema.Struct({ ...UpdateView.fields, cursor_at: Schema.String, cursor_bot: Schema.Int }))

/** The columns of a view, of the row `u`. */
export const viewColumns = (sql: SqlClient.SqlClient) => sql`
  (select b.slug from bots b where b.id = u.bot_id) as bot, u.update_id, u.kind, u.person_id as telegram_id,
  (array['waiting', 'done', 'dead'])[u.state + 1] as status, u.attempts, u.error,
  ${isoOf(sql, "u.received_at")} as received_at`

const states = { waiting: 0, done: 1, dead: 2 } as const

// Waiting and dead rows are few and have indexes of their own. The rest is the largest table there is, with a block
// range index on the time and nothing else that its inserts would pay for: the newest rows are looked for near the end.
const windowsFor = (status: UpdatesQuery["status"]) =>
  status === "waiting" || status === "dead" ? [undefined] : ["10 minutes", "3 hours", undefined]

/** Newest first. */
export const list = (sql: SqlClient.SqlClient) =>
  Effect.fn("UpdatesRepo.list")(function* (query: UpdatesQuery) {
    const limit = limitOf({ limit: query.limit })
    const { botId, cursor, status } = query
    const conditions = [
      sql`true`,
      ...(botId === undefined ? [] : [sql`u.bot_id = ${botId}`]),
      ...(status === undefined ? [] : [sql`u.state = ${sql.literal(String(states[status]))}`]),
      ...(cursor === undefined
        ? []
        : [
            sql`(u.received_at, u.bot_id, u.update_id)
              < (${cursor.at}::timestamptz, ${cursor.botId}::bigint, ${cursor.updateId}::bigint)`
          ])
    ]
    const newest = (window: string | undefined) =>
      decode(sql`
        select ${viewColumns(sql)}, ${microsOf(sql, "u.received_at")} as cursor_at, u.bot_id as cursor_bot
        from telegram_updates u
        where ${sql.and([
          ...conditions,
          ...(window === undefined
            ? []
            : [sql`u.received_at > coalesce(${cursor?.at ?? null}::timestamptz, now()) - ${window}::text::interval`])
        ])}
        order by u.received_at desc, u.bot_id desc, u.update_id desc limit ${limit + 1}`)
    for (const window of windowsFor(status)) {
      const rows = yield* newest(window)
      if (window !== undefined && rows.length <= limit) continue
      const shown = rows.slice(0, limit)
      const last = rows.length > limit ? shown.at(-1) : undefined
      return {
        items: shown.map((row) => Struct.omit(row, ["cursor_at", "cursor_bot"])),
        next_cursor:
          last === undefined ? null : encode({ at: last.cursor_at, botId: last.cursor_bot, updateId: last.update_id })
      } satisfies Page<UpdateView>
    }
    return { items: [], next_cursor: null } satisfies Page<UpdateView>
  })
