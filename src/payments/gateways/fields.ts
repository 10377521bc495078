import { createHash, timingSafeEqual } from "node:crypto"
import { sanitiseText } from "../../domain/text.ts"

/** An int4 of the payments table. */
const maxCents = 2_147_483_647

/** A text of a gateway's body, fit for the database; anything that is not a text (some send `{}` for null) is absent. */
export const textField = (value: unknown, maxLength = 200): string | undefined => {
  const text = typeof value === "string" ? value : typeof value === "number" ? String(value) : ""
  const clean = sanitiseText(text).trim().slice(0, maxLength).toWellFormed()
  return clean === "" ? undefined : clean
}

/** A charge id in lower case: gateways answer the same id in either case. It becomes part of a path, so no dots. */
export const idField = (value: unknown): string | undefined => {
  const id = textField(value, 101)?.toLowerCase()
  return id !== undefined && /^[a-z0-9][a-z0-9_:-]{0,99}$/.test(id) ? id : undefined
}

/** Whole centavos, as a number or as digits in a text. */
export const centsField = (value: unknown): number | undefined => {
  if (typeof value !== "number" && typeof value !== "string") return undefined
  const text = String(value).trim()
  if (!/^\d{1,10}$/.test(text)) return undefined
  const cents = Number(text)
  return cents <= maxCents ? cents : undefined
}

export type Fields = Readonly<Record<string, unknown>>

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Takes the same time whatever differs, and whatever the lengths. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b))

const sha256 = (text: string) => createHash("sha256").update(text).digest()
