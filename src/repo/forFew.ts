import type { Statement } from "effect/sql"

/** For how many elements PostgreSQL plans an `unnest` of a prepared statement, whatever there are. */
const few = 10

/**
 * A statement over lists of `size`: prepared while they are short, because planning takes longer than the work itself
 * (measured: 1.3 ms of 1.9); planned for what there is when they are long.
 */
export const forFew = <A>(statement: Statement.Statement<A>, size: number) =>
  size <= few ? statement : statement.unprepared
