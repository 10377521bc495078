import type { SqlError } from "effect/sql"

// Cardinality, data and constraint; what a view, a function or a trigger of the seller's own refuses (2F, 38, 39, 44,
// P0); and what does not fit into an index or a page (54).
const refusesData = /^(?:2[12]|2F|38|39|44|54|P0)/

/**
 * True when the data itself is refused: the same rows will be refused again. Anything else (connection, time-outs, a
 * server that goes down) may work the next time.
 */
export const isPoison = (error: SqlError.SqlError): boolean => {
  const { reason } = error
  if (reason._tag === "ConstraintError" || reason._tag === "UniqueViolation") return true
  return (
    reason._tag === "UnknownError" && refusesData.test(String((reason.cause as { code?: unknown } | null)?.code ?? ""))
  )
}
