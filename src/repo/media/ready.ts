import type { SqlClient } from "effect/sql"

/** Whether a row `c` of `media_cache` holds an id that this Telegram bot can send; the old systems did not say whose. */
export const isReadyFor = (sql: SqlClient.SqlClient, telegramBotId: number | undefined) =>
  sql`(c.status = 'ready' and c.tg_file_id is not null
    and (c.telegram_bot_id is null or c.telegram_bot_id = ${telegramBotId ?? null}::bigint))`
