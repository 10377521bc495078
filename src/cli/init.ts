import { Effect, Redacted } from "effect"
import { Command, Flag, Prompt } from "effect/cli"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { parseConfig } from "../config/parse.ts"
import { json, refuse, show, told } from "./output.ts"

interface Question {
  readonly name: string
  readonly ask: string
  readonly secret?: boolean
}

/** Only what must be in the environment; the rest of `.env.example` keeps its default. */
const questions: ReadonlyArray<Question> = [
  { name: "PUBLIC_URL", ask: "Endereço https deste serviço (vazio: sem domínio ainda)" },
  { name: "DATABASE_URL", ask: "Endereço do PostgreSQL (vazio: um banco próprio, em .data)", secret: true },
  { name: "PUSHINPAY_TOKEN", ask: "Token do PushinPay (vazio: não uso)", secret: true },
  { name: "SYNCPAY_CLIENT_ID", ask: "Client ID da SyncPay (vazio: não uso)" },
  { name: "SYNCPAY_CLIENT_SECRET", ask: "Client secret da SyncPay (vazio: não uso)", secret: true },
  { name: "UTMIFY_TOKEN", ask: "Credencial da UTMify (vazio: não uso)", secret: true },
  { name: "FACEBOOK_PIXEL_ID", ask: "Número do Pixel da Meta (vazio: não uso)" },
  { name: "FACEBOOK_ACCESS_TOKEN", ask: "Token da API de Conversões (vazio: não uso)", secret: true }
]

const template = new URL("../../.env.example", import.meta.url)
const target = ".env"

/** Asks and writes `.env`. `--set NOME=valor` answers a question beforehand, `--yes` leaves the others empty. */
export const init = Command.make(
  "init",
  {
    set: Flag.KeyValuePair("set").pipe(
      Flag.withDescription("NOME=valor, sem perguntar; pode ser repetido"),
      Flag.optional
    ),
    yes: Flag.Boolean("yes").pipe(Flag.withDescription("Não pergunta nada"), Flag.withDefault(false)),
    force: Flag.Boolean("force").pipe(
      Flag.withDescription("Escreve por cima de um .env que já existe"),
      Flag.withDefault(false)
    ),
    json
  },
  Effect.fn("Cli.init")(
    function* (input) {
      if (existsSync(target) && !input.force) {
        return yield* refuse("Já existe um arquivo .env. Use --force para escrever por cima.")
      }
      const given: Record<string, string> = input.set._tag === "Some" ? input.set.value : {}
      const answers = { ...given }
      for (const question of questions) {
        if (answers[question.name] === undefined && !input.yes) answers[question.name] = yield* answerTo(question)
      }
      const { problems } = parseConfig(answers, ".data")
      if (problems.length > 0) return yield* refuse(problems.join("\n"))
      yield* Effect.try({
        try: () => writeFileSync(target, filled(readFileSync(template, "utf8"), answers), { mode: 0o600 }),
        catch: () => refuse("Não consegui escrever o arquivo .env nesta pasta.")
      })
      const written = Object.keys(answers).filter((name) => answers[name] !== "")
      yield* show(
        input.json,
        { file: target, written },
        `Arquivo .env escrito (${written.length === 0 ? "só com o padrão" : written.join(", ")}).\n` +
          "Agora: npm start, e depois npm run cli -- doctor"
      )
    },
    Effect.catchTag("QuitError", () => Effect.fail(refuse("Nada foi escrito."))),
    told
  )
).pipe(Command.withDescription("Faz as perguntas e escreve o arquivo .env"))

/** A secret is not shown while it is typed. */
const answerTo = ({ ask, name, secret }: Question) => {
  const options = { message: ask, validate: (text: string) => sensible(name, text.trim()) }
  return secret === true
    ? Effect.map(Prompt.run(Prompt.Password(options)), Redacted.value)
    : Prompt.run(Prompt.String(options))
}

/** Told at once, while the other answers are still to come; that two of them belong together is told at the end. */
const sensible = (name: string, text: string): Effect.Effect<string, string> => {
  const problem = parseConfig({ [name]: text }, ".data").problems.find((one) => one.includes(`${name} está errada`))
  return problem === undefined ? Effect.succeed(text) : Effect.fail(problem)
}

/** The sample with the answers in their places, comments kept; a name that it does not have goes to the end. */
export const filled = (sample: string, answers: Readonly<Record<string, string>>): string => {
  const left = new Map(Object.entries(answers).filter(([, value]) => value !== ""))
  const lines = sample.split("\n").map((line) => {
    const name = /^([A-Z0-9_]+)=/.exec(line)?.[1]
    const value = name === undefined ? undefined : left.get(name)
    if (name === undefined || value === undefined) return line
    left.delete(name)
    return `${name}=${quoted(value)}`
  })
  return [...lines, ...[...left].map(([name, value]) => `${name}=${quoted(value)}`)].join("\n")
}

const quoted = (value: string): string => (/^[\w:/.@?&=+,-]*$/.test(value) ? value : `'${value.replaceAll("'", "")}'`)
