import { Console, Effect, Schema } from "effect"
import { Flag } from "effect/cli"
import type { AdminError } from "../domain/admin.ts"
import { adminProblem } from "../http/errors.ts"
import { sentenceOf } from "../log/sentences.ts"

export const json = Flag.Boolean("json").pipe(Flag.withDescription("Resposta para máquinas"), Flag.withDefault(false))

export const show = (asJson: boolean, value: unknown, text: string) =>
  Console.log(asJson ? JSON.stringify(value, null, 2) : text)

/** Why a command did not do what it was asked for, as PT-BR sentences for the terminal. */
export class CommandRefused extends Schema.TaggedError<CommandRefused>()("CommandRefused", {
  message: Schema.String
}) {}

export const refuse = (message: string) => new CommandRefused({ message })

/** The command did not reach what it was asked for: exit code 1. */
export const failed = Effect.sync(() => void (process.exitCode = 1))

type Answer = AdminError | CommandRefused

const isAnswer = (error: unknown): error is Answer =>
  error instanceof CommandRefused || (error as { _tag?: unknown } | null)?._tag === "AdminError"

/**
 * A refusal is an answer, not a crash: its sentence on the error stream, for machines the API's `{ error, message }` on the
 * other one, and exit code 1.
 */
export const told = <A, E, R>(
  effect: Effect.Effect<A, E | Answer, R>,
  input: { readonly json: boolean }
): Effect.Effect<A | void, Exclude<E, Answer>, R> =>
  Effect.catchIf(effect, isAnswer, (error) => {
    const message = error._tag === "AdminError" ? sentenceOf(error) : error.message
    return Effect.andThen(
      input.json ? Console.log(JSON.stringify(problemOf(error), null, 2)) : Console.error(message),
      failed
    )
  }) as Effect.Effect<A | void, Exclude<E, Answer>, R>

const problemOf = (error: Answer) =>
  error._tag === "AdminError" ? adminProblem(error) : { error: "refused", message: error.message }
