import type { SqlClient, Statement } from "effect/sql"
import type { LibraryRow } from "../MediaRepo.ts"

/** Two halves instead of a full join, which would read every file of every bot. */
export const libraryQuery = (sql: SqlClient.SqlClient, wanted: Statement.Fragment) => sql<LibraryRow>`
  select b.id as "botId", m.id, coalesce(m.send_as, m.kind) as kind, m.kind as "storedKind", m.sha256,
    case when c.status = 'ready' then c.tg_file_id end as "fileId", c.telegram_bot_id as "telegramBotId"
  from bots b
  join media_store m on m.bot_slug = b.slug
  left join media_cache c on (c.bot_slug, c.sha256, c.kind) = (m.bot_slug, m.sha256, m.kind)
  where ${wanted}
  union all
  select b.id, null, c.kind, c.kind, c.sha256, c.tg_file_id, c.telegram_bot_id
  from bots b
  join media_cache c on c.bot_slug = b.slug
  where c.status = 'ready' and c.tg_file_id is not null and ${wanted} and not exists (
    select from media_store m where (m.bot_slug, m.sha256, m.kind) = (c.bot_slug, c.sha256, c.kind))
  order by 1, 2`
