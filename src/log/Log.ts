import { Effect } from "effect"
import type { Fields } from "./format.ts"
import { detailOf, type KnownError, sentenceOf } from "./sentences.ts"
import { stopwatch } from "./telemetry.ts"

export { detailOf }

/**
 * How the service talks to its operators: a tag (`[BOT][START]`), a plain PT-BR sentence that says what happened and
 * to whom, and fields for the machine. `request_id`, `slug` and the like come from the log annotations of the fiber.
 */
export const info = (sentence: string, fields: Fields = {}) => Effect.logInfo(sentence, fields)

export const warn = (sentence: string, fields: Fields = {}) => Effect.logWarning(sentence, fields)

export const error = (sentence: string, fields: Fields = {}) => Effect.logError(sentence, fields)

/** `[ERRO] Falha ao enviar mensagem para o usuário 7205343917: o usuário bloqueou o bot` */
export const failure = (what: string, reason: KnownError, fields: Fields = {}) =>
  Effect.logError(`[ERRO] ${what}: ${sentenceOf(reason)}`, fields)

/** The same at WARN, for what the service recovers from by itself. */
export const recovered = (what: string, reason: KnownError, fields: Fields = {}) =>
  Effect.logWarning(`[AVISO] ${what}: ${sentenceOf(reason)}`, fields)

/** Whole milliseconds from now on: the `latency_ms` of a log line. */
export const timer = (): (() => number) => {
  const seconds = stopwatch()
  return () => Math.round(seconds() * 1000)
}

/**
 * For every background fiber: its end by failure is one ERROR line, never silence. The caller restarts it or not.
 */
export const logged =
  (what: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.tapCause(effect, (cause) =>
      cause.reasons.every((reason) => reason._tag === "Interrupt")
        ? Effect.void
        : Effect.logError(`[ERRO] ${what} parou: ${detailOf(cause)}`)
    )
