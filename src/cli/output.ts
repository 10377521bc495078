import { Console, Effect } from "effect"
import { Flag } from "effect/cli"
import type { AdminError } from "../domain/admin.ts"
import { sentenceOf } from "../log/sentences.ts"

export const json = Flag.Boolean("json").pipe(Flag.withDescription("Resposta para máquinas"), Flag.withDefault(false))

export const show = (asJson: boolean, value: unknown, text: string) =>
  Console.log(asJson ? JSON.stringify(value, null, 2) : text)

/** An administrative refusal is an answer, not a crash: one sentence and exit code 1. */
export const told = <A, E, R>(effect: Effect.Effect<A, E | AdminError, R>): Effect.Effect<A | void, E, R> =>
  Effect.catchIf(
    effect,
    (error): error is AdminError => (error as { _tag?: unknown } | null)?._tag === "AdminError",
    (error) =>
      Effect.andThen(
        Console.error(sentenceOf(error)),
        Effect.sync(() => void (process.exitCode = 1))
      )
  )
