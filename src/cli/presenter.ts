import { Console, Effect, Layer, Option } from "effect"
import { CliConfig, type CliError, CliOutput, Flag, GlobalFlag, type HelpDoc } from "effect/cli"

/** What the library would say in English, said to people: help on the one stream, what is wrong on the other. */
const presenter: CliOutput.Presenter = {
  present: (event) => {
    switch (event._tag) {
      case "Help":
        return Console.log(helpOf(event.helpDoc))
      case "Version":
        return Console.log(`${event.name} ${event.version}`)
      case "InvalidInvocation": {
        const said = event.errors.map(sentenceOf)
        return Console.error([...said, `Como usar: ${spelled([...event.commandPath.slice(1), "--help"])}`].join("\n"))
      }
    }
  }
}

const { Completions, Help, Version } = GlobalFlag

const described = <A>(action: GlobalFlag.Action<A>, sentence: string): GlobalFlag.Action<A> => ({
  ...action,
  flag: Flag.withDescription(action.flag, sentence)
})

/** How the commands speak, and which flags every command has: no wizard, and no log level beside `LOG_LEVEL`. */
export const presenterLayer = Layer.merge(
  CliOutput.layerPresenter(presenter),
  CliConfig.layer({
    builtIns: [
      described(Help, "Mostra esta ajuda"),
      described(Version, "Mostra a versão"),
      described(Completions, "Escreve o preenchimento automático do terminal")
    ]
  })
)

/** A call that could not be understood was answered already; help that was asked for by saying nothing is no failure. */
export const afterHelp = Effect.catchIf(
  (error: unknown): error is CliError.ShowHelp => (error as { _tag?: unknown } | null)?._tag === "ShowHelp",
  ({ errors }: CliError.ShowHelp) => Effect.sync(() => void (process.exitCode = errors.length === 0 ? 0 : 1))
)

const spelled = (words: ReadonlyArray<string>): string => ["npm run cli --", ...words].join(" ")

const sentenceOf = (error: CliError.NonShowHelpErrors): string => {
  switch (error._tag) {
    case "UnknownSubcommand":
      return `O comando "${plain(error.subcommand)}" não existe.${meant(error.suggestions)}`
    case "UnrecognizedOption":
      return `A opção ${plain(error.option)} não existe.${meant(error.suggestions)}`
    case "DuplicateOption":
      return `A opção --${plain(error.option)} veio mais de uma vez.`
    case "MissingArgument":
      return `Falta dizer: ${error.argument}.`
    case "MissingOption":
      return `Falta a opção --${error.option}.`
    case "UnexpectedArgument":
      return `Não sei o que fazer com: ${error.arguments.map(plain).join(", ")}.`
    case "InvalidValue": {
      const what = error.kind === "flag" ? `--${error.option}` : error.option
      const given = error.value === "" ? "veio sem valor" : `não pode ser "${plain(error.value)}"`
      return `${what} ${given}: ${expectationOf(error.expected)}.`
    }
    default:
      return `Não entendi o comando: ${plain(error.message)}`
  }
}

const meant = (suggestions: ReadonlyArray<string>): string =>
  suggestions.length === 0 ? "" : ` Você quis dizer: ${suggestions.join(", ")}?`

const expectationOf = (expected: string): string => {
  const choices = [...expected.matchAll(/"([^"]+)"/g)].map(([, word]) => word)
  if (choices.length > 0) return `use um destes: ${choices.join(", ")}`
  return /number|integer/i.test(expected) ? "deve ser um número inteiro" : "deve ser um texto"
}

/** What was typed goes back to the terminal without what a terminal would obey to. */
const plain = (text: string): string => text.replace(/\p{Cc}/gu, "").slice(0, 100)

type Row = readonly [what: string, description: string]

const section = (title: string, rows: ReadonlyArray<Row>): ReadonlyArray<string> => {
  const width = Math.max(0, ...rows.map(([what]) => what.length))
  const lines = rows.map(([what, description]) => `  ${what.padEnd(width)}   ${description}`.trimEnd())
  return rows.length === 0 ? [] : ["", `${title}:`, ...lines]
}

const helpOf = (doc: HelpDoc.HelpDoc): string => {
  const commands = (doc.subcommands ?? []).flatMap((group) => group.commands)
  const path = (doc.commandPath ?? []).slice(1)
  const usage = [
    ...path,
    ...(commands.length > 0 ? ["<comando>"] : []),
    ...(doc.args ?? []).map(({ name }) => `<${name}>`),
    ...(doc.flags.length > 0 ? ["[opções]"] : [])
  ]
  return [
    ...(doc.description === "" ? [] : [doc.description, ""]),
    `Uso: ${spelled(usage)}`,
    ...section("Argumentos", (doc.args ?? []).map(rowOf((one) => one.name))),
    ...section("Opções", doc.flags.map(rowOf(spelledFlag))),
    ...section(
      "Comandos",
      commands.map(({ description, name, shortDescription }) => [name, shortDescription ?? description])
    ),
    ...section("Em todo comando", (doc.globalFlags ?? []).map(rowOf(spelledFlag)))
  ].join("\n")
}

const rowOf =
  <One extends { readonly description: Option.Option<string> }>(name: (one: One) => string) =>
  (one: One): Row => [
    name(one),
    Option.getOrElse(one.description, () => "")
      .replace("(choices: bash, zsh, fish, powershell, sh, pwsh)", "")
      .replace("(choices: ", "(um destes: ")
  ]

const spelledFlag = ({ aliases, name, type }: HelpDoc.FlagDoc): string => {
  const value = type === "boolean" ? "" : type.startsWith("<") ? ` ${type}` : " …"
  return [`--${name}`, ...aliases].join(", ") + value
}
