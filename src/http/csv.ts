/** One line of a table, RFC 4180, safe to open in a spreadsheet. */
export const csvLine = (cells: ReadonlyArray<unknown>): string => `${cells.map(csvCell).join(",")}\r\n`

// A text that begins like this is a formula to a spreadsheet, and names and UTMs are written by strangers.
const formula = /^[=+\-@\t\r]/

const csvCell = (value: unknown): string => {
  if (value === null || value === undefined) return ""
  if (typeof value === "number" || typeof value === "boolean") return String(value)
  const text = typeof value === "string" ? value : JSON.stringify(value)
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
