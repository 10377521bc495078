import type { SqlError } from "effect/sql"

/**
 * True when the data itself is refused (SQLSTATE classes 21, 22 and 23): the same rows will be refused again. Anything
 * else (connection, time-outs, a server that goes down) may work the next time.
 */
export const isPoison = (error: SqlError.SqlError): boolean => {
  const { reason } = error
  if (reason._tag === "ConstraintError" || reason._tag === "UniqueViolation") return true
  return (
    reason._tag === "UnknownError" && /^2[12]/.test(String((reason.cause as { code?: unknown } | null)?.code ?? ""))
  )
}
