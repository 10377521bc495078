import { Effect, Option, Redacted, Result, Schema } from "effect"
import { Flag, Prompt } from "effect/cli"
import { fieldProblems } from "../http/issues.ts"
import { refuse } from "./output.ts"

/** What was typed, by the schema of the API: a sentence for each thing that is wrong. */
export const checked = <A>(schema: Schema.Codec<A, unknown>) => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  return Effect.fnUntraced(function* (input: unknown) {
    const decoded = decode(input)
    if (Result.isSuccess(decoded)) return decoded.success
    const problems = Object.entries(fieldProblems(decoded.failure.issue))
    return yield* refuse(problems.map(([field, sentence]) => `${field}: ${sentence}`).join("\n"))
  })
}

export const tokenFlag = Flag.String("token").pipe(
  Flag.withDescription("Token do @BotFather; sem ele, é perguntado sem aparecer na tela"),
  Flag.optional
)

/** Asked for where somebody can answer: what stands in a command line stays in the history of the terminal. */
export const tokenFrom = Effect.fnUntraced(function* (given: Option.Option<string>) {
  if (Option.isSome(given)) return given.value.trim()
  if (!process.stdin.isTTY) return yield* refuse("Falta o token do bot: acrescente --token <token do @BotFather>.")
  const typed = yield* Prompt.run(Prompt.Password({ message: "Token do bot, que o @BotFather deu" })).pipe(
    Effect.catchTag("QuitError", () => Effect.fail(refuse("Nada foi feito.")))
  )
  return Redacted.value(typed).trim()
})
