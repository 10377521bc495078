import { Effect, Option } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { firstOf } from "../decode.ts"
import type { UpdateKey } from "../UpdatesRepo.ts"
import { UpdateView, viewColumns } from "./list.ts"

/** What became of the wish to handle a dead update once more. */
export type Replay =
  | { readonly _tag: "Replayed"; readonly update: UpdateView }
  | { readonly _tag: "NotDead" }
  | { readonly _tag: "Missing" }

const decode = firstOf(UpdateView)

const waiting = (sql: SqlClient.SqlClient) =>
  sql.literal("state = 0, attempts = 0, owner = null, error = null, done_at = null")

/** Puts a dead update back among those that wait, as if it had never been tried; what was sent already stays sent. */
export const replay = (sql: SqlClient.SqlClient) =>
  Effect.fn("UpdatesRepo.replay")(function* (key: UpdateKey): Effect.fn.Return<Replay, SqlError.SqlError> {
    const replayed = yield* decode(sql`
      update telegram_updates u set ${waiting(sql)}
      where u.bot_id = ${key.botId} and u.update_id = ${key.updateId} and u.state = 2
      returning ${viewColumns(sql)}`)
    if (Option.isSome(replayed)) return { _tag: "Replayed", update: replayed.value }
    const rows = yield* sql`
      select 1 from telegram_updates where bot_id = ${key.botId} and update_id = ${key.updateId}`
    return { _tag: rows.length === 0 ? "Missing" : "NotDead" }
  })

/** The same for all of them. */
export const replayAll = (sql: SqlClient.SqlClient) =>
  Effect.fn("UpdatesRepo.replayAll")((botId: number | undefined) =>
    Effect.map(
      sql<{ readonly n: number }>`
        with again as (
          update telegram_updates set ${waiting(sql)}
          where state = 2 ${botId === undefined ? sql`` : sql`and bot_id = ${botId}`} returning 1
        )
        select count(*)::int as n from again`,
      ([row]) => row?.n ?? 0
    )
  )
