import { escapeHtml } from "./html.ts"

/** What a seller may write between braces in a text, on a button or in a link. */
export const variableNames = ["nome", "usuario", "bot", "plano", "valor", "link"] as const
export type VariableName = (typeof variableNames)[number]

export interface Variables {
  readonly nome: string
  readonly usuario: string
  readonly bot: string
  readonly plano?: string
  readonly valor?: string
  readonly link?: string
}

const known = new RegExp(`\\{(${variableNames.join("|")})\\}`, "g")
const anything = /\{([\p{L}_][\p{L}\p{N}_]{0,31})\}/gu

const fill = (text: string, value: (name: VariableName) => string): string =>
  text.includes("{") ? text.replace(known, (_, name: VariableName) => value(name)) : text

/** For HTML: every value is escaped, also for use inside an attribute. */
export const fillHtml = (html: string, variables: Variables): string =>
  fill(html, (name) => escapeHtml(variables[name] ?? ""))

/** For buttons, which are plain text. */
export const fillPlain = (text: string, variables: Variables): string => fill(text, (name) => variables[name] ?? "")

/** For links: values are encoded, but `{link}` is a whole address and stays as it is. */
export const fillUrl = (url: string, variables: Variables): string =>
  fill(url, (name) => (name === "link" ? (variables.link ?? "") : encodeURIComponent(variables[name] ?? "")))

/** Names between braces that nobody will fill in, without repetition. */
export const unknownVariables = (text: string): ReadonlyArray<string> => [
  ...new Set(
    Array.from(text.matchAll(anything), (match) => match[1] ?? "").filter(
      (name) => !(variableNames as ReadonlyArray<string>).includes(name)
    )
  )
]
