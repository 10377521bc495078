import { parseHtml, stripHtml } from "../../domain/html.ts"
import { type Html, html, trusted } from "../html.ts"

const plain = new Set(["b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "blockquote"])

/**
 * Telegram's HTML as ours: its tags one by one from a list, without what they carried, and every word escaped. Only a
 * link keeps its address, and only a web address.
 */
export const telegramText = (source: string): Html => {
  let out = ""
  for (const token of parseHtml(source).tokens) {
    if (token.kind === "text") out += `${html`${token.text}`}`
    else if (token.kind === "open") out += openTag(token.name, token.raw)
    else out += plain.has(token.name) ? `</${token.name}>` : token.name === "a" ? "</a>" : "</span>"
  }
  return trusted(out)
}

const openTag = (name: string, raw: string): string => {
  if (plain.has(name)) return `<${name}>`
  if (name === "a") return `${linkTag(raw)}`
  return name === "span" || name === "tg-spoiler" ? '<span class="spoiler" tabindex="0">' : "<span>"
}

const linkTag = (raw: string): Html => {
  const [, double, single, bare] = /href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i.exec(raw) ?? []
  const address = stripHtml(double ?? single ?? bare ?? "")
  return /^https?:\/\//i.test(address)
    ? html`<a href="${address}" rel="noreferrer noopener" target="_blank">`
    : trusted("<a>")
}
