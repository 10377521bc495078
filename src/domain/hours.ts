/** From one minute of the day to another, in a time zone; over midnight when the end comes first. */
export interface Hours {
  readonly fromMinutes: number
  readonly toMinutes: number
  readonly timeZone: string
}

const day = 24 * 60

export const defaultTimeZone = "America/Sao_Paulo"

/** A name of the tz database, not a bare offset; in its usual spelling or another one. */
export const isTimeZone = (name: string): boolean => /^[A-Za-z][\w+/-]{1,63}$/.test(name) && knows(name)

/** Plain SQL may have written anything. */
export const usableTimeZone = (name: string | null): string =>
  name !== null && isTimeZone(name) ? name : defaultTimeZone

const knows = (timeZone: string): boolean => {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone }).resolvedOptions().timeZone !== ""
  } catch {
    return false
  }
}

const formats = new Map<string, Intl.DateTimeFormat>()

const formatOf = (timeZone: string): Intl.DateTimeFormat => {
  const known = formats.get(timeZone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone: usableTimeZone(timeZone),
    hourCycle: "h23",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit"
  })
  formats.set(timeZone, made)
  return made
}

/** Seconds since midnight on the clock on the wall. */
const wallSeconds = (at: Date, timeZone: string): number => {
  const [hours = 0, minutes = 0, seconds = 0] = formatOf(timeZone).format(at).split(":").map(Number)
  return hours * 3600 + minutes * 60 + seconds
}

/** 0 while they are open. Equal ends are the whole day. */
export const secondsUntilOpen = ({ fromMinutes, timeZone, toMinutes }: Hours, at: Date): number => {
  const span = (toMinutes - fromMinutes + day) % day
  if (span === 0) return 0
  const since = (wallSeconds(at, timeZone) - fromMinutes * 60 + day * 60) % (day * 60)
  return since < span * 60 ? 0 : day * 60 - since
}

const clock = /^([01]\d|2[0-3]):([0-5]\d)$/

/** `09:30` as minutes since midnight; undefined for anything else. */
export const minutesOfClock = (text: string): number | undefined => {
  const [, hours, minutes] = clock.exec(text) ?? []
  return hours === undefined ? undefined : Number(hours) * 60 + Number(minutes)
}

export const clockOfMinutes = (minutes: number): string =>
  `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`
