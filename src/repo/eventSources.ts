import { Effect } from "effect"
import type { SqlClient, Statement } from "effect/sql"

// V2 and V3 used the first of each pair (facts/legacy-schema, section 3).
const legacyNames = [
  ["start", "bot_start"],
  ["payment_approved", "pix_paid"]
] as const

/** The glossary's name of row `e`, whichever system wrote it. */
export const eventNameOf = (sql: SqlClient.SqlClient) =>
  sql.literal(
    `case e.event_name ${legacyNames.map(([old, now]) => `when '${old}' then '${now}'`).join(" ")} else e.event_name end`
  )

/** Every spelling under which an event of the glossary may stand in the tables. */
export const spellingsOf = (names: ReadonlyArray<string>): ReadonlyArray<string> =>
  names.flatMap((name) => [name, ...legacyNames.filter(([, now]) => now === name).map(([old]) => old)])

const columns = `id, event_id, event_name, occurred_at, bot_id, bot_slug, tg_id, telegram_id, session_id, payment_id,
  price_cents, source, utm_source, utm_medium, utm_campaign, utm_content, utm_term`

/**
 * The tables that hold funnel events, as queries of one shape. V2's table from before the partitions is kept where it
 * exists; the rows of it that were copied over count once.
 */
export const eventSources = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const found = yield* sql<{ readonly exists: boolean }>`
    select to_regclass('funnel_events_legacy') is not null as exists`
  return sourcesOf(sql, ["funnel_events"], found[0]?.exists === true)
})

/** With the months that retention has detached: what happened in them still decides who is new and who returns. */
export const countedSources = Effect.fnUntraced(function* (sql: SqlClient.SqlClient) {
  const [found] = yield* sql<{ readonly exists: boolean; readonly detached: ReadonlyArray<string> }>`
    select to_regclass('funnel_events_legacy') is not null as exists, array(
      select c.relname::text from pg_class c
      where c.relnamespace = (select relnamespace from pg_class where oid = 'funnel_events'::regclass)
        and c.relkind = 'r' and not c.relispartition and c.relname ~ '^funnel_events_\\d{4}_\\d{2}$'
      order by 1) as detached`
  return sourcesOf(sql, ["funnel_events", ...(found?.detached ?? [])], found?.exists === true)
})

const sourcesOf = (
  sql: SqlClient.SqlClient,
  tables: ReadonlyArray<string>,
  legacy: boolean
): ReadonlyArray<Statement.Fragment> => {
  const present = tables.map((table) => sql`select ${sql.literal(columns)} from ${sql(table)}`)
  if (!legacy) return present
  const notCopied = tables.map(
    (table) => sql`
      not exists (select from ${sql(table)} f where f.event_id = l.event_id and f.occurred_at = l.occurred_at)`
  )
  return [
    ...present,
    sql`
      select l.id, l.event_id, l.event_name, l.occurred_at, l.bot_id, l.bot_slug, l.tg_id, null::bigint as telegram_id,
        null::text as session_id, null::bigint as payment_id, l.price_cents, null::text as source,
        null::text as utm_source, null::text as utm_medium, null::text as utm_campaign, null::text as utm_content,
        null::text as utm_term
      from funnel_events_legacy l where ${sql.and(notCopied)}`
  ]
}
