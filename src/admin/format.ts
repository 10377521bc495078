import { defaultZone } from "../metrics/period.ts"

export { formatBrl } from "../domain/text.ts"

const zone = { timeZone: defaultZone } as const
const full = new Intl.DateTimeFormat("pt-BR", { ...zone, dateStyle: "short", timeStyle: "medium" })
const short = new Intl.DateTimeFormat("pt-BR", { ...zone, dateStyle: "short", timeStyle: "short" })
const day = new Intl.DateTimeFormat("pt-BR", { ...zone, day: "2-digit", month: "2-digit" })
const time = new Intl.DateTimeFormat("pt-BR", { ...zone, timeStyle: "medium" })
const isoDay = new Intl.DateTimeFormat("en-CA", { ...zone, dateStyle: "short" })
const whole = new Intl.NumberFormat("pt-BR")

/** `07/11/2025, 12:00`, in São Paulo's time. */
export const moment = (iso: string): string => short.format(new Date(iso))
export const exactMoment = (iso: string): string => full.format(new Date(iso))
export const clock = (date: Date): string => time.format(date)
/** `07/11` of `2025-11-07`. */
export const dayOf = (date: string): string => day.format(new Date(`${date}T12:00:00-03:00`))
/** `2025-11-07`. */
export const dateOf = (at: Date): string => isoDay.format(at)
export const count = (number: number): string => whole.format(number)
export const percent = (ratio: number): string => `${whole.format(Math.round(ratio * 1000) / 10)} %`

/** `45 s`, `3 min 20 s`, `2 h 5 min`, `4 dias`. */
export const duration = (seconds: number): string => {
  const given = Math.round(seconds)
  if (given < 60) return `${given} s`
  if (given < 3600) return parts(Math.floor(given / 60), "min", given % 60, "s")
  if (given < 48 * 3600) return parts(Math.floor(given / 3600), "h", Math.floor((given % 3600) / 60), "min")
  return `${whole.format(Math.round(given / 86_400))} dias`
}

const parts = (large: number, unit: string, rest: number, restUnit: string): string =>
  rest === 0 ? `${large} ${unit}` : `${large} ${unit} ${rest} ${restUnit}`

export const bytes = (size: number): string =>
  size < 1_000_000
    ? `${whole.format(Math.max(1, Math.round(size / 1000)))} kB`
    : `${whole.format(Math.round(size / 100_000) / 10)} MB`

/** `19,90` for the value of a price field. */
export const reais = (cents: number): string => (cents / 100).toFixed(2).replace(".", ",")

/** `19,90`, `R$ 1.234,50`, `19.90` or `20`; nothing for what is no price. */
export const centsOf = (text: string): number | undefined => {
  const plain = text.replace(/^\s*R\$/i, "").replace(/\s/g, "")
  const normal = plain.includes(",") ? plain.replaceAll(".", "").replace(",", ".") : plain
  return /^\d{1,9}(\.\d{1,2})?$/.test(normal) ? Math.round(Number(normal) * 100) : undefined
}

const local = new Intl.DateTimeFormat("sv-SE", { ...zone, dateStyle: "short", timeStyle: "short" })
/** `2025-11-07T12:00`, as a field of date and time has it. */
export const localInput = (iso: string): string => local.format(new Date(iso)).replace(" ", "T")
