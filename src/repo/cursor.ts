import { Option, Struct } from "effect"

/**
 * Where a list goes on: after the row with this instant and id. The instant is text because a JavaScript date loses
 * PostgreSQL's microseconds, and with them rows of the same millisecond.
 */
export interface Cursor {
  readonly at: string
  readonly id: number
  /** Where ids may repeat: funnel events of several tables and systems. */
  readonly key?: string | undefined
}

const shape = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z)\|([1-9]\d{0,15})(?:\|([^\0]*))?$/

export const encodeCursor = ({ at, id, key }: Cursor): string =>
  Buffer.from(key === undefined ? `${at}|${id}` : `${at}|${id}|${key}`, "utf8").toString("base64url")

/** None: this text was not given out by us. */
export const decodeCursor = (text: string): Option.Option<Cursor> => {
  const match = shape.exec(Buffer.from(text, "base64url").toString("utf8"))
  if (match === null) return Option.none()
  const [, at = "", id, key] = match
  return isInstant(at) && Number.isSafeInteger(Number(id))
    ? Option.some({ at, id: Number(id), ...(key === undefined ? {} : { key }) })
    : Option.none()
}

/** JavaScript takes 30 February for 2 March; PostgreSQL does not take it at all. */
export const isInstant = (text: string): boolean => {
  const date = new Date(text)
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 19) === text.slice(0, 19)
}

/** One page of a list of the admin API, in the shape that every list there has. */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  readonly next_cursor: string | null
}

export interface ListQuery {
  readonly bot?: string | undefined
  readonly status?: string | undefined
  readonly telegramId?: number | undefined
  readonly from?: Date | undefined
  readonly to?: Date | undefined
  readonly cursor?: Cursor | undefined
  readonly limit?: number | undefined
}

const defaultLimit = 50
export const maxLimit = 200

export const limitOf = (query: ListQuery): number =>
  Math.min(Math.max(Math.trunc(query.limit ?? defaultLimit), 1), maxLimit)

/** Rows are asked for with one more than the limit; that one tells whether the list goes on. */
export const pageOf = <Row extends { readonly id: number; readonly cursor_at: string }>(
  rows: ReadonlyArray<Row>,
  limit: number
): Page<Omit<Row, "cursor_at">> => {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return {
    items: shown.map((row) => Struct.omit(row, ["cursor_at"])),
    next_cursor: rows.length > limit && last !== undefined ? encodeCursor({ at: last.cursor_at, id: last.id }) : null
  }
}
