import { Predicate } from "effect"
import { isBlank, sanitiseName } from "./text.ts"

/** A plan as the older systems kept it inside a message; it had no id but its place. */
export interface LegacyPlan {
  /** From 1, over the whole list as stored, unreadable plans included. */
  readonly position: number
  readonly name: string
  readonly priceCents: number
  /** Nothing for a plan without end, or whose duration cannot be read. */
  readonly days?: number
}

/** V3 showed no more than ten. */
const maxPlans = 10
/** An int4 in the payments table. */
const maxCents = 2_147_483_647

export const readPlans = (plans: unknown): ReadonlyArray<LegacyPlan> => {
  if (!Array.isArray(plans)) return []
  return plans.slice(0, maxPlans).flatMap((plan: unknown, index) => {
    if (!Predicate.isObject(plan)) return []
    const priceCents = readCents(first(plan, priceKeys))
    if (priceCents === undefined) return []
    const named = first(plan, ["name", "title"])
    const name = Predicate.isString(named) ? sanitiseName(named) : ""
    const position = index + 1
    const days = readDays(plan)
    return [
      {
        position,
        name: isBlank(name) ? `Plano ${position}` : name,
        priceCents,
        ...(days === undefined ? {} : { days })
      }
    ]
  })
}

const priceKeys = ["price_cents", "priceCents", "value", "amount_cents", "amountCents", "price"]
const dayKeys = ["duration_days", "durationDays", "days", "duration"]
const durationKeys = ["time", "duration_label", "durationLabel", "duration"]

const first = (plan: object, keys: ReadonlyArray<string>): unknown => {
  const values: Record<string, unknown> = { ...plan }
  return keys.map((key) => values[key]).find((value) => value !== undefined && value !== null)
}

/** An integer is cents, a decimal or a text with a comma or point is reais. */
export const readCents = (value: unknown): number | undefined => {
  const cents = Predicate.isString(value)
    ? centsOfText(value)
    : Predicate.isNumber(value)
      ? centsOfNumber(value)
      : Number.NaN
  return Number.isSafeInteger(cents) && cents >= 1 && cents <= maxCents ? cents : undefined
}

const centsOfNumber = (value: number): number => (Number.isInteger(value) ? value : Math.round(value * 100))

const centsOfText = (text: string): number => {
  const figures = text.replace(/[^\d.,]/g, "")
  if (figures === "") return Number.NaN
  if (!/[.,]/.test(figures)) return Number(figures)
  // With both signs present the last one is the decimal sign: 1.990,00.
  const decimal = Math.max(figures.lastIndexOf(","), figures.lastIndexOf("."))
  const whole = figures.slice(0, decimal).replace(/[.,]/g, "")
  return Math.round(Number(`${whole === "" ? "0" : whole}.${figures.slice(decimal + 1)}`) * 100)
}

const readDays = (plan: object): number | undefined => {
  const said = first(plan, dayKeys)
  const figure = Predicate.isString(said) || Predicate.isNumber(said) ? Number(said) : Number.NaN
  if (Number.isSafeInteger(figure) && figure > 0) return figure
  const text = first(plan, durationKeys)
  return Predicate.isString(text) ? daysOfText(text) : undefined
}

const unitDays: ReadonlyArray<readonly [RegExp, number]> = [
  [/^(ano|year)/i, 365],
  [/^(m[eê]s|meses|month)/i, 30],
  [/^(semana|week)/i, 7],
  [/^(dia|day|d\b|$)/i, 1]
]

const daysOfText = (text: string): number | undefined => {
  const [, figure, unit] = /(\d{1,5})\s*(\p{L}*)/u.exec(text) ?? []
  if (figure === undefined) return undefined
  const days = unitDays.find(([pattern]) => pattern.test(unit ?? ""))?.[1]
  const total = Number(figure) * (days ?? Number.NaN)
  return total > 0 ? total : undefined
}
