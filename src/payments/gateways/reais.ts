/** An int4 of the payments table. */
const maxCents = 2_147_483_647

/** How far a gateway's own arithmetic may have drifted from a whole centavo: floats, not money. */
const drift = 1e-4

/** Centavos as a number of reais. The nearest double of n/100 is written with at most two decimals, so none is lost. */
export const toReais = (cents: number): number => cents / 100

/** Reais, as a number or a text (`19.9`, `"19.90"`, `"19,90"`), in centavos; absent where they are not whole centavos. */
export const reaisField = (value: unknown): number | undefined => {
  const text = typeof value === "string" ? value.trim().replace(/^(\d+),(\d{1,2})$/, "$1.$2") : value
  if (typeof text === "string" && !/^\d{1,8}(\.\d{1,20})?$/.test(text)) return undefined
  if (typeof text !== "string" && typeof text !== "number") return undefined
  const hundredfold = Number(text) * 100
  const cents = Math.round(hundredfold)
  return Math.abs(hundredfold - cents) <= drift && cents >= 0 && cents <= maxCents ? cents : undefined
}
