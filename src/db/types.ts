import { PgTypes } from "@effect/sql-pg"
import { Result } from "effect"

/**
 * int8 (ids, Telegram ids, count(*)) arrives as a number instead of a bigint, which JSON cannot hold. Everything we
 * keep in one fits: Telegram promises at most 52 bits. A value beyond 2^53 is refused, never rounded. numeric keeps
 * the driver's string.
 */
const int8: PgTypes.Codec<number | bigint> = {
  decode: (bytes) => readInt8(bytes, 0),
  read: (bytes, offset) => readInt8(bytes, offset),
  encode: (value) => {
    const bytes = new Uint8Array(8)
    new DataView(bytes.buffer).setBigInt64(0, BigInt(value))
    return Result.succeed(bytes)
  },
  // Of a list of a thousand ids none makes an object of its own.
  write: (sink, value) => {
    if (Number.isSafeInteger(value)) {
      sink.int32(Math.floor(Number(value) / 2 ** 32))
      sink.int32(Number(value) | 0)
    } else sink.bigInt64(BigInt(value))
    return Result.void
  }
}

const readInt8 = (bytes: Uint8Array, offset: number): Result.Result<number, PgTypes.CodecError> => {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 8)
  const value = view.getInt32(0) * 2 ** 32 + view.getUint32(4)
  return Number.isSafeInteger(value)
    ? Result.succeed(value)
    : Result.fail(new PgTypes.CodecError({ message: `int8 beyond 2^53: ${view.getBigInt64(0)}` }))
}

export const types: PgTypes.Registry = PgTypes.makeRegistry()
types.register(PgTypes.OID.int8, int8, { arrayOid: PgTypes.OID.int8Array })

const maxInt4 = 2 ** 31 - 1

/**
 * The driver types an array by its elements, with an object for each, and refuses a mix: `[12345, 7205343917]` is an int4
 * beside an int8, `[null]` is nothing at all. Such arrays get one type here, in one look, so that a list of Telegram ids
 * works whoever is in it.
 */
export const typedArray = (value: unknown): unknown => {
  if (!Array.isArray(value) || value.length === 0) return value
  let oid: number | undefined
  let hasUndefined = false
  for (const element of value) {
    if (element === undefined) hasUndefined = true
    if (element === undefined || element === null) continue
    const own = elementOid(element)
    if (own === undefined) return value
    if (oid === undefined || oid === own) oid = own
    else if (oid === text || own === text) return value
    else oid = oid === float8 || own === float8 ? float8 : int8Oid
  }
  if (oid === undefined) return `{${value.map(() => "NULL").join(",")}}`
  const elements = hasUndefined ? value.map((element) => element ?? null) : value
  return Result.getOrThrow(PgTypes.array(elements, oid, types))
}

const { float8, int4, int8: int8Oid, text } = PgTypes.OID

const elementOid = (element: unknown): number | undefined => {
  if (typeof element === "string") return text
  if (typeof element !== "number") return undefined
  if (!Number.isSafeInteger(element)) return float8
  return Math.abs(element) <= maxInt4 ? int4 : int8Oid
}

export type ColumnType = "bigint" | "text" | "float8" | "boolean"

const columnTypes: Record<ColumnType, { readonly oid: number; readonly one: (value: never) => PgTypes.Parameter }> = {
  bigint: { oid: int8Oid, one: PgTypes.int8 },
  text: { oid: text, one: PgTypes.text },
  float8: { oid: float8, one: PgTypes.float8 },
  boolean: { oid: PgTypes.OID.bool, one: PgTypes.bool }
}

/** A parameter of this type whatever the value: one statement to prepare, where the driver's guess makes several. */
export const ofType = (type: ColumnType, value: unknown): PgTypes.Parameter =>
  columnTypes[type].one((value ?? null) as never)

/** The same for a list of such values. */
export const listOf = (type: ColumnType, values: ReadonlyArray<unknown>): PgTypes.Parameter =>
  Result.getOrThrow(
    PgTypes.array(
      values.includes(undefined) ? values.map((value) => value ?? null) : values,
      columnTypes[type].oid,
      types
    )
  )
