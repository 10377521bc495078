import { maskSecrets } from "./mask.ts"

export type Fields = Readonly<Record<string, unknown>>

export interface Line {
  readonly date: Date
  readonly level: "DEBUG" | "INFO" | "WARN" | "ERROR"
  readonly sentence: string
  readonly fields: Fields
}

const pad = (n: number, width = 2) => String(n).padStart(width, "0")

const timestamp = (d: Date) =>
  `${d.getFullYear()}-${pad(d.getMonth() + 1)}-${pad(d.getDate())} ` +
  `${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}.${pad(d.getMilliseconds(), 3)}`

// Names and texts of strangers reach the log: one fact stays one line, and no terminal escape gets through.
// oxlint-disable-next-line no-control-regex -- the control characters are what must go
const oneLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ")

const fieldText = (value: unknown): string => {
  const text = typeof value === "string" ? value : typeof value === "object" ? JSON.stringify(value) : String(value)
  return /[\s|"=]/.test(text) ? JSON.stringify(text) : text
}

const present = (fields: Fields) => Object.entries(fields).filter(([, value]) => value !== undefined && value !== null)

/** `2025-11-07 12:00:00.123 INFO  [BOT][START] … | request_id=… slug=vip` (contract, section 6). */
export const formatText = (line: Line): string => {
  const fields = present(line.fields).map(([key, value]) => `${key}=${fieldText(value)}`)
  const tail = fields.length === 0 ? "" : ` | ${fields.join(" ")}`
  return maskSecrets(oneLine(`${timestamp(line.date)} ${line.level.padEnd(5)} ${line.sentence}${tail}`))
}

/** The same facts as one JSON object, for machines. */
export const formatJson = (line: Line): string =>
  maskSecrets(
    JSON.stringify({
      time: line.date.toISOString(),
      level: line.level,
      message: line.sentence,
      ...Object.fromEntries(present(line.fields))
    })
  )
