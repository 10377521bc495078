import { Cause, Effect, Layer, Logger, References } from "effect"
import type { LogLevelName } from "../config/parse.ts"
import { detailOf } from "./sentences.ts"
import { LiveLog, makeLiveLog } from "./LiveLog.ts"
import { type Fields, formatJson, formatText, type Line } from "./format.ts"

export interface LogSettings {
  readonly level: LogLevelName
  readonly format: "text" | "json"
  /** Where finished lines go; standard output unless a test or the panel listens. */
  readonly write?: (lines: string) => void
}

/** Replaces Effect's loggers by ours: PT-BR sentence, fields, no stack trace below DEBUG, secrets masked. */
export const loggerLayer = (settings: LogSettings) => Layer.suspend(() => layerInto(settings, makeLiveLog()))

const layerInto = (settings: LogSettings, live: LiveLog) =>
  Layer.mergeAll(
    Layer.succeed(LiveLog, live),
    Layer.effect(
      Logger.CurrentLoggers,
      Effect.map(lineBuffer(settings.write ?? ((text) => process.stdout.write(text))), (push) => {
        const format = settings.format === "json" ? formatJson : formatText
        return new Set([
          Logger.make<unknown, void>((options) => {
            const line = toLine(options, settings.level)
            live.write(line)
            push(format(line))
          })
        ])
      })
    ),
    Layer.succeed(References.MinimumLogLevel, minimumLevel[settings.level])
  )

const minimumLevel = { debug: "Debug", info: "Info", warn: "Warn", error: "Error" } as const

const toLine = (options: Logger.Options<unknown>, level: LogLevelName): Line => {
  const parts = Array.isArray(options.message) ? options.message : [options.message]
  const fields: Record<string, unknown> = { ...options.fiber.getRef(References.CurrentLogAnnotations) }
  const words: Array<string> = []
  for (const part of parts) {
    if (isFields(part)) Object.assign(fields, part)
    else words.push(part instanceof Error ? part.message : String(part))
  }
  const failed = options.cause.reasons.length > 0
  if (failed && level === "debug") fields["stack"] = Cause.pretty(options.cause)
  const detail = failed ? `: ${detailOf(options.cause)}` : ""
  return { date: options.date, level: levelName(options.logLevel), sentence: words.join(" ") + detail, fields }
}

const isFields = (part: unknown): part is Fields =>
  typeof part === "object" && part !== null && Object.getPrototypeOf(part) === Object.prototype

const levelName = (level: string): Line["level"] => {
  if (level === "Fatal" || level === "Error") return "ERROR"
  if (level === "Warn") return "WARN"
  return level === "Info" ? "INFO" : "DEBUG"
}

/**
 * Lines of one turn of the event loop leave in one write: at 2,000 starts/s a write per line costs more than the
 * lines themselves. What is buffered is flushed when the process exits or the layer closes.
 */
const lineBuffer = (write: (lines: string) => void) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      let buffer: Array<string> = []
      const flush = () => {
        if (buffer.length === 0) return
        const text = `${buffer.join("\n")}\n`
        buffer = []
        write(text)
      }
      const push = (line: string) => {
        if (buffer.push(line) === 1) setImmediate(flush)
      }
      process.on("exit", flush)
      return { push, flush }
    }),
    ({ flush }) =>
      Effect.sync(() => {
        flush()
        process.off("exit", flush)
      })
  ).pipe(Effect.map(({ push }) => push))
