import type { Params } from "../http/body.ts"
import { badRequest } from "./Refusal.ts"

/** The Bot API reads every parameter as text first, wherever it came from; so do these. */
export const textOf = (params: Params, name: string): string => {
  const value = params[name]
  if (typeof value === "string") return value
  if (value === undefined || value === null) return ""
  return typeof value === "object" ? JSON.stringify(value) : String(value as number | boolean)
}

export const flagOf = (params: Params, name: string): boolean => {
  const value = params[name]
  if (typeof value === "boolean") return value
  return ["true", "yes", "1"].includes(textOf(params, name).trim().toLowerCase())
}

export const integerOf = (params: Params, name: string): number | undefined => {
  const text = textOf(params, name).trim()
  if (text === "") return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

/** An object or array, given as such or as JSON text. */
export const structureOf = (params: Params, name: string, spoken: string): unknown => {
  const value = params[name]
  if (value === undefined || value === null || value === "") return undefined
  if (typeof value !== "string") return value
  try {
    return JSON.parse(value) as unknown
  } catch {
    throw badRequest(`can't parse ${spoken} JSON object`)
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
