import type { SqlClient } from "effect/sql"
import type { ListQuery } from "./cursor.ts"

/** An instant as the admin API writes it. */
export const isoOf = (sql: SqlClient.SqlClient, column: string) =>
  sql.literal(`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`)

/** The same with everything PostgreSQL knows of it: for cursors. */
export const microsOf = (sql: SqlClient.SqlClient, column: string) =>
  sql.literal(`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`)

/** The filters that every list over `created_at` and `id` shares. `alias` is a table name of ours, never input. */
export const listConditions = (sql: SqlClient.SqlClient, query: ListQuery, alias: "p" | "o") => {
  const at = sql.literal(`${alias}.created_at`)
  const id = sql.literal(`${alias}.id`)
  const bot = sql.literal(`${alias}.bot_id`)
  const { from, to, cursor } = query
  return [
    sql`true`,
    ...(query.bot === undefined ? [] : [sql`${bot} = (select f.id from bots f where f.slug = ${query.bot})`]),
    ...(from === undefined ? [] : [sql`${at} >= ${from.toISOString()}::timestamptz`]),
    ...(to === undefined ? [] : [sql`${at} < ${to.toISOString()}::timestamptz`]),
    ...(cursor === undefined ? [] : [sql`(${at}, ${id}) < (${cursor.at}::timestamptz, ${cursor.id}::bigint)`])
  ]
}
