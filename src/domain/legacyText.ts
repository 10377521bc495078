import { Predicate } from "effect"
import { escapeText, repairHtml } from "./html.ts"
import { markdownToHtml } from "./markdown.ts"
import { sanitiseText } from "./text.ts"
import type { VariableName } from "./variables.ts"

/** V3 filled `{{user_name}}`, `{{bot_name}}`, `{{user_id}}` and `{{timestamp}}`; the last two have nothing to say here. */
const placeholders: ReadonlyMap<string, VariableName | ""> = new Map([
  ["user_name", "nome"],
  ["username", "usuario"],
  ["first_name", "nome"],
  ["name", "nome"],
  ["nome", "nome"],
  ["usuario", "usuario"],
  ["bot_name", "bot"],
  ["bot", "bot"],
  ["plan_name", "plano"],
  ["plano", "plano"],
  ["valor", "valor"],
  ["price", "valor"],
  ["link", "link"],
  ["user_id", ""],
  ["timestamp", ""]
])

/** Also as MarkdownV2 had to write it: `\{\{user\_name\}\}`. */
const placeholder = /\\?\{\\?\{\s*((?:\w|\\_){1,40})\s*\\?\}\\?\}/g

const rename = (text: string, braced: (name: string) => string): string =>
  text.replace(placeholder, (whole, written: string) => {
    const name = placeholders.get(written.replaceAll("\\", "").toLowerCase())
    return name === undefined ? whole : name === "" ? "" : braced(name)
  })

/** A text that the older systems sent as it stands, or escaped before sending. */
export const literalToHtml = (text: string): string =>
  escapeText(rename(sanitiseText(text), (name) => `{${name}}`)).trim()

// Two private characters hold a variable's place: braces are signs of MarkdownV2.
const held = /\ue000(\w+)\ue001/g

/** A text written in its parse mode (`raw` in V2); what Telegram would have refused is taken literally. */
export const rawToHtml = (text: string, parseMode: unknown): string => {
  const clean = sanitiseText(text)
  const mode = Predicate.isString(parseMode) ? parseMode : "MarkdownV2"
  if (/^html$/i.test(mode)) return repairHtml(rename(clean, (name) => `{${name}}`)).trim()
  if (!/^markdown/i.test(mode)) return literalToHtml(text)
  const html = markdownToHtml(rename(clean, (name) => `\ue000${name}\ue001`))
  return html === undefined ? literalToHtml(text) : html.replace(held, "{$1}").trim()
}
