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
 * The driver types an array by its elements, one by one, and refuses a mix: `[12345, 7205343917]` is an int4 beside an
 * int8, `[null]` is nothing at all. Such arrays get one type here, so that a list of Telegram ids works whoever is in it.
 */
export const typedArray = (value: unknown): unknown => {
  if (!Array.isArray(value) || value.length === 0) return value
  const present = value.filter((element) => element !== null && element !== undefined)
  if (present.length === 0) return `{${value.map(() => "NULL").join(",")}}`
  if (!present.every((element) => typeof element === "number")) return value
  if (present.every((n) => Number.isInteger(n) && Math.abs(n) <= maxInt4)) return value
  const oid = present.every(Number.isSafeInteger) ? PgTypes.OID.int8 : PgTypes.OID.float8
  return Result.getOrThrow(
    PgTypes.array(
      value.map((element) => element ?? null),
      oid,
      types
    )
  )
}
