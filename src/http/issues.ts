import type { SchemaIssue } from "effect"
import type { FieldProblems } from "../domain/admin.ts"

type Path = ReadonlyArray<PropertyKey>

interface Found {
  readonly path: Path
  readonly sentence: string
}

/**
 * One PT-BR sentence per faulty field, keyed by its path (`media.1.url`). A sentence that a schema carries itself
 * (`message`) wins; Effect's own English ones never come out.
 */
export const fieldProblems = (issue: SchemaIssue.Issue): FieldProblems => {
  const fields: Record<string, string> = Object.create(null)
  for (const { path, sentence } of walk(issue, [])) fields[pathText(path)] ??= sentence
  return { ...fields }
}

/** All of it in one sentence, for the `message` of the answer. */
export const sentenceOfFields = (fields: FieldProblems): string => {
  const parts = Object.entries(fields).map(([path, sentence]) => (path === "" ? sentence : `${path}: ${sentence}`))
  return ["Há campos errados.", ...parts.slice(0, 5)].join(" ")
}

const pathText = (path: Path): string => path.map(String).join(".")

const walk = (issue: SchemaIssue.Issue, path: Path): ReadonlyArray<Found> => {
  const own = ownSentence(issue)
  switch (issue._tag) {
    case "Pointer":
      return walk(issue.issue, [...path, ...issue.path])
    case "Composite":
      return issue.issues.flatMap((inner) => walk(inner, path))
    case "Encoding":
      return own === undefined ? walk(issue.issue, path) : [{ path, sentence: own }]
    case "AnyOf": {
      const inner = own === undefined ? issue.issues.flatMap((member) => walk(member, path)) : []
      return inner.length > 0 ? inner : [{ path, sentence: own ?? wrongType(issue.ast) }]
    }
    case "Filter": {
      // A filter may point deeper than itself, or carry its sentence inside.
      if (own === undefined && issue.issue._tag !== "InvalidValue") return walk(issue.issue, path)
      return [{ path, sentence: own ?? ownSentence(issue.issue) ?? outOfRule(issue.filter.annotations, path.at(-1)) }]
    }
    case "InvalidType":
      return [{ path, sentence: own ?? wrongType(issue.ast) }]
    case "MissingKey":
      return [{ path, sentence: own ?? "É obrigatório." }]
    case "UnexpectedKey":
      return [{ path, sentence: own ?? "Não é um campo conhecido." }]
    case "InvalidValue":
    case "Forbidden":
    case "OneOf":
      return [{ path, sentence: own ?? formats[String(path.at(-1))] ?? "Tem um valor que não serve." }]
  }
}

const ownSentence = (issue: SchemaIssue.Issue): string | undefined => {
  const annotations: unknown =
    issue._tag === "Filter"
      ? issue.filter.annotations
      : "annotations" in issue
        ? issue.annotations
        : "ast" in issue
          ? issue.ast.annotations
          : undefined
  const key = issue._tag === "MissingKey" ? "messageMissingKey" : "message"
  const sentence = (annotations as Readonly<Record<string, unknown>> | undefined)?.[key]
  return typeof sentence === "string" ? sentence : undefined
}

interface Ast {
  readonly _tag: string
  readonly literal?: unknown
  readonly types?: ReadonlyArray<Ast>
}

const typeNames: Readonly<Record<string, string>> = {
  String: "um texto",
  Number: "um número",
  Boolean: "verdadeiro ou falso (true ou false)",
  Null: "vazio (null)",
  Objects: "um objeto",
  Arrays: "uma lista"
}

const wrongType = (ast: Ast): string => {
  const members = ast._tag === "Union" ? (ast.types ?? []) : [ast]
  const literals = members.flatMap((member) => (member._tag === "Literal" ? [String(member.literal)] : []))
  const types = members.flatMap((member) => typeNames[member._tag] ?? [])
  const choices = [...literals, ...types]
  if (choices.length === 0) return "Tem um valor que não serve."
  return literals.length > 1 ? `Deve ser um destes: ${choices.join(", ")}.` : `Deve ser ${choices.join(" ou ")}.`
}

/** What the form of a field is, where a pattern alone would not tell. */
const formats: Readonly<Record<string, string>> = {
  slug: "Use de 2 a 64 letras minúsculas, números, hífens ou sublinhados, começando por letra ou número.",
  token: "Deve ser o token que o @BotFather deu, como 123456789:AAE…",
  warmup_chat_id: "Deve ser o número de um chat ou um @nome.",
  vip_chat_id: "Deve ser o número de um chat ou um @nome.",
  telegram_id: "Deve ser o número de uma pessoa no Telegram.",
  limit: "Deve ser um número inteiro a partir de 1.",
  cursor: "Deve ser o next_cursor de uma resposta anterior."
}

type Payload = Readonly<Record<string, unknown>>

const rules: Readonly<Record<string, (payload: Payload) => string>> = {
  isMinLength: ({ minLength }) =>
    minLength === 1 ? "Não pode ficar vazio." : `Deve ter pelo menos ${minLength} caracteres.`,
  isMaxLength: ({ maxLength }) => `Deve ter no máximo ${maxLength} caracteres.`,
  isBetweenLength: ({ minimum, maximum }) => `Deve ter de ${minimum} a ${maximum} caracteres.`,
  isInt: () => "Deve ser um número inteiro.",
  isFinite: () => "Deve ser um número.",
  isBetween: ({ minimum, maximum }) => `Deve estar entre ${minimum} e ${maximum}.`,
  isGreaterThan: ({ exclusiveMinimum }) => `Deve ser maior que ${exclusiveMinimum}.`,
  isGreaterThanOrEqualTo: ({ minimum }) => `Deve ser pelo menos ${minimum}.`,
  isLessThan: ({ exclusiveMaximum }) => `Deve ser menor que ${exclusiveMaximum}.`,
  isLessThanOrEqualTo: ({ maximum }) => `Deve ser no máximo ${maximum}.`
}

const outOfRule = (annotations: unknown, key: PropertyKey | undefined): string => {
  const { representation } = (annotations ?? {}) as {
    readonly representation?: { readonly id: string; readonly payload: Payload }
  }
  const rule = rules[representation?.id.replace("effect/schema/", "") ?? ""]
  return rule?.(representation?.payload ?? {}) ?? formats[String(key)] ?? "Tem um formato que não serve."
}
