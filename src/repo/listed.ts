import type { SqlClient, Statement } from "effect/sql"
import { type ColumnType, listOf, ofType } from "../db/types.ts"

/**
 * Lists of one length side by side, as rows to select from. A single row stands there as plain values: the planner takes
 * a list for ten rows, and for one it then plans the prepared statement anew each time (measured: 0.6 ms of 0.7).
 */
export const listed = (
  sql: SqlClient.SqlClient,
  columns: ReadonlyArray<readonly [type: ColumnType, values: ReadonlyArray<unknown>]>
): Statement.Fragment =>
  columns.every(([, values]) => values.length === 1)
    ? sql`(values (${sql.csv(columns.map(([type, [value]]) => sql`${ofType(type, value)}::${sql.literal(type)}`))}))`
    : sql`unnest(${sql.csv(columns.map(([type, values]) => sql`${listOf(type, values)}::${sql.literal(type)}[]`))})`
