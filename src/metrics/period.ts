import { DateTime, Option, Result } from "effect"
import { cellZone } from "../repo/metrics/filter.ts"

/** Half-open: `from` is in it, `to` is not. */
export interface Period {
  readonly from: Date
  readonly to: Date
  readonly tz: string
}

export interface PeriodInput {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly tz?: string | undefined
}

export const defaultZone = "America/Sao_Paulo"
const defaultDays = 30
const maxYears = 5

type Faults = Readonly<Record<string, string>>

/**
 * The period a query asks for: instants as they are, dates as whole days of the zone, `to` included. Without `from`
 * it is the 30 days that end with `to`; without `to` it ends with today. Faults are PT-BR sentences by parameter.
 */
export const parsePeriod = (input: PeriodInput, now: Date): Result.Result<Period, Faults> => {
  const tz = input.tz ?? defaultZone
  const zone = zoneOf(tz)
  if (Option.isNone(zone)) {
    return Result.fail({ tz: "Deve ser o nome de um fuso, como America/Sao_Paulo ou UTC." })
  }
  const bounds = { from: boundOf(input.from, zone.value, 0), to: boundOf(input.to, zone.value, 1) }
  const faults = Object.fromEntries(
    Object.entries(bounds).flatMap(([name, bound]) => (bound === "wrong" ? [[name, notAMoment]] : []))
  )
  if (bounds.from === "wrong" || bounds.to === "wrong") return Result.fail(faults)
  const to = bounds.to ?? startOfDay(DateTime.makeUnsafe(now), zone.value, 1)
  const from = bounds.from ?? startOfDay(DateTime.subtract(to, { milliseconds: 1 }), zone.value, 1 - defaultDays)
  return checked({ from: DateTime.toDateUtc(from), to: DateTime.toDateUtc(to), tz })
}

/** Both ends may be absent: the filter of a list. */
export const parseBounds = (
  input: PeriodInput
): Result.Result<{ readonly from: Date | undefined; readonly to: Date | undefined }, Faults> => {
  const zone = zoneOf(input.tz ?? defaultZone)
  if (Option.isNone(zone)) {
    return Result.fail({ tz: "Deve ser o nome de um fuso, como America/Sao_Paulo ou UTC." })
  }
  const from = boundOf(input.from, zone.value, 0)
  const to = boundOf(input.to, zone.value, 1)
  if (from === "wrong") return Result.fail({ from: notAMoment })
  if (to === "wrong") return Result.fail({ to: notAMoment })
  return Result.succeed({
    from: from === undefined ? undefined : DateTime.toDateUtc(from),
    to: to === undefined ? undefined : DateTime.toDateUtc(to)
  })
}

const notAMoment = "Deve ser uma data (2025-11-07) ou um instante (2025-11-07T12:00:00-03:00)."

const checked = (period: Period): Result.Result<Period, Faults> => {
  if (period.from >= period.to) return Result.fail({ to: "Deve ser depois de from." })
  const limit = new Date(period.from)
  limit.setUTCFullYear(limit.getUTCFullYear() + maxYears)
  return period.to > limit
    ? Result.fail({ from: `O período pode ter no máximo ${maxYears} anos.` })
    : Result.succeed(period)
}

// PostgreSQL reads "+03:00" as west of Greenwich and JavaScript as east: only names, never offsets.
const zoneName = /^[A-Za-z][\w+-]*(\/[\w+-]+)*$/

const zoneOf = (name: string): Option.Option<DateTime.TimeZone> =>
  zoneName.test(name) ? DateTime.zoneMakeNamed(name) : Option.none()

const dateShape = /^\d{4}-\d{2}-\d{2}$/
const localShape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?$/
// A "+" that was not encoded arrives as a space.
const instantShape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+ -]\d{2}:?\d{2})$/i

const boundOf = (
  text: string | undefined,
  zone: DateTime.TimeZone,
  addDays: number
): DateTime.Utc | "wrong" | undefined => {
  if (text === undefined) return undefined
  if (dateShape.test(text)) return isRealDate(text) ? localDay(text, zone, addDays) : "wrong"
  if (!isRealDate(text.slice(0, 10))) return "wrong"
  if (localShape.test(text)) return orWrong(zoned(text, zone))
  return instantShape.test(text) ? orWrong(DateTime.make(text.replace(" ", "+"))) : "wrong"
}

const orWrong = (moment: Option.Option<DateTime.DateTime>): DateTime.Utc | "wrong" =>
  Option.match(moment, { onNone: () => "wrong" as const, onSome: DateTime.toUtc })

/** JavaScript takes 30 February for 2 March. */
const isRealDate = (text: string): boolean => {
  const date = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text) && date.getUTCFullYear() >= 1970
}

// Clocks that jump at midnight (Brazil until 2019): the day begins at the first instant that bears its date.
const zoned = (local: string, zone: DateTime.TimeZone) =>
  DateTime.makeZoned(`${local}Z`, { timeZone: zone, adjustForTimeZone: true, disambiguation: "compatible" })

const localDay = (date: string, zone: DateTime.TimeZone, addDays: number): DateTime.Utc | "wrong" => {
  const day = new Date(`${date}T00:00:00Z`)
  day.setUTCDate(day.getUTCDate() + addDays)
  return orWrong(zoned(day.toISOString().slice(0, 19), zone))
}

const startOfDay = (moment: DateTime.DateTime, zone: DateTime.TimeZone, addDays: number): DateTime.Utc => {
  const date = DateTime.formatIsoDate(DateTime.setZone(moment, zone))
  const day = localDay(date, zone, addDays)
  return day === "wrong" ? DateTime.toUtc(moment) : day
}

const cells = DateTime.zoneMakeNamedUnsafe(cellZone)

const localDate = (ms: number, zone: DateTime.TimeZone) =>
  DateTime.formatIsoDate(DateTime.setZone(DateTime.makeUnsafe(ms), zone))

const dayStart = (date: string, zone: DateTime.TimeZone): number => {
  const day = localDay(date, zone, 0)
  return day === "wrong" ? Number.NaN : DateTime.toEpochMillis(day)
}

/** The beginning of the cells' day that an instant lies in, or of one so many days later. */
export const cellDay = (ms: number, addDays: number): number => {
  const date = new Date(`${localDate(ms, cells)}T00:00:00Z`)
  date.setUTCDate(date.getUTCDate() + addDays)
  return dayStart(date.toISOString().slice(0, 10), cells)
}

export const cellMonth = (ms: number, addMonths: number): number => {
  const date = new Date(`${localDate(ms, cells).slice(0, 7)}-01T00:00:00Z`)
  date.setUTCMonth(date.getUTCMonth() + addMonths)
  return dayStart(date.toISOString().slice(0, 10), cells)
}

export interface TimeGroup {
  readonly key: string
  readonly from: Date
}

const weekMs = 7 * 86_400_000

/**
 * How far the clock of a zone is from UTC, where it is the same now and in a week: asked for every hour of a month, that
 * took 9 ms of a question, for every day of a year 20.
 */
const steadyOffset = (ms: number, zone: DateTime.TimeZone) => {
  const at = (time: number) => DateTime.zonedOffset(DateTime.setZone(DateTime.makeUnsafe(time), zone))
  const offset = at(ms)
  return at(ms + weekMs) === offset ? offset : undefined
}

/** The days of a period as its zone has them; the first one begins with the period. */
export const daysOf = ({ from, to, tz }: Period): ReadonlyArray<TimeGroup> => {
  const zone = DateTime.zoneMakeNamedUnsafe(tz)
  const days: Array<TimeGroup> = []
  for (let ms = from.getTime(); ms < to.getTime();) {
    const offset = steadyOffset(ms, zone)
    if (offset !== undefined) {
      for (const end = Math.min(to.getTime(), ms + weekMs - 86_400_000); ms < end;) {
        const date = Math.floor((ms + offset) / 86_400_000)
        days.push({ key: new Date(date * 86_400_000).toISOString().slice(0, 10), from: new Date(ms) })
        ms = (date + 1) * 86_400_000 - offset
      }
      continue
    }
    const key = localDate(ms, zone)
    days.push({ key, from: new Date(ms) })
    const next = new Date(`${key}T00:00:00Z`)
    next.setUTCDate(next.getUTCDate() + 1)
    // A zone that skips a date (Samoa, 2011) has a day without hours.
    ms = Math.max(dayStart(next.toISOString().slice(0, 10), zone), ms + 1)
  }
  return days
}

/** The hours of a period on its zone's clock; the hour a clock repeats is two of them, by their offsets. */
export const hoursOf = ({ from, to, tz }: Period): ReadonlyArray<TimeGroup> => {
  const zone = DateTime.zoneMakeNamedUnsafe(tz)
  const hours: Array<TimeGroup> = []
  for (let ms = from.getTime(); ms < to.getTime();) {
    const iso = DateTime.formatIsoOffset(DateTime.setZone(DateTime.makeUnsafe(ms), zone))
    const offset = steadyOffset(ms, zone)
    if (offset !== undefined) {
      for (const end = Math.min(to.getTime(), ms + weekMs - 3_600_000); ms < end;) {
        const hour = Math.floor((ms + offset) / 3_600_000)
        hours.push({
          key: `${new Date(hour * 3_600_000).toISOString().slice(0, 13)}:00:00${iso.slice(23)}`,
          from: new Date(ms)
        })
        ms = (hour + 1) * 3_600_000 - offset
      }
      continue
    }
    const into = Number(iso.slice(14, 16)) * 60_000 + Number(iso.slice(17, 19)) * 1000 + (ms % 1000)
    hours.push({ key: `${iso.slice(0, 13)}:00:00${iso.slice(23)}`, from: new Date(ms) })
    ms += 3_600_000 - into
  }
  return hours
}
