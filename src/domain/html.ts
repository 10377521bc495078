/**
 * Telegram's HTML (facts/telegram, section 5). The reader never fails: what Telegram would refuse becomes literal text
 * or is closed in its place, and is reported as a problem.
 */
export type HtmlToken =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "open"; readonly name: string; readonly raw: string }
  | { readonly kind: "close"; readonly name: string }

export interface ParsedHtml {
  /** Balanced: every open tag has its close, properly nested. Text is decoded. */
  readonly tokens: ReadonlyArray<HtmlToken>
  /** PT-BR sentences for the seller. */
  readonly problems: ReadonlyArray<string>
}

const supported: ReadonlySet<string> = new Set([
  "b",
  "strong",
  "i",
  "em",
  "u",
  "ins",
  "s",
  "strike",
  "del",
  "span",
  "tg-spoiler",
  "a",
  "tg-emoji",
  "tg-time",
  "code",
  "pre",
  "blockquote"
])

// A link of 2 kB is no link; kept in bounds because a text cut in parts repeats its open tags in each of them.
const longestTag = 2_048

const openTag = /<([a-zA-Z][a-zA-Z0-9-]*)((?:\s+[^\s=<>/"']+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[a-zA-Z0-9.-]+))?)*)\s*>/y
const closeTag = /<\/([a-zA-Z][a-zA-Z0-9-]*)?\s*>/y
const tagName = /<\/?([a-zA-Z][a-zA-Z0-9-]*)/y

export const parseHtml = (source: string): ParsedHtml => {
  const tokens: Array<HtmlToken> = []
  const problems = new Set<string>()
  const open: Array<string> = []
  let literal = ""
  let position = 0

  const flush = () => {
    if (literal !== "") tokens.push({ kind: "text", text: decodeEntities(literal) })
    literal = ""
  }
  const close = () => {
    const name = open.pop()
    if (name !== undefined) tokens.push({ kind: "close", name })
  }

  while (position < source.length) {
    const next = source.indexOf("<", position)
    literal += source.slice(position, next === -1 ? source.length : next)
    if (next === -1) break

    const opened = matchAt(openTag, source, next)
    const openName = opened?.[1]?.toLowerCase() ?? ""
    const refusal = opened === null ? undefined : refusalOf(opened[0], openName, opened[2] ?? "")
    if (opened !== null && refusal === undefined) {
      flush()
      open.push(openName)
      tokens.push({ kind: "open", name: openName, raw: opened[0] })
      position = next + opened[0].length
      continue
    }

    const closed = matchAt(closeTag, source, next)
    const name = closed?.[1]?.toLowerCase() ?? open.at(-1)
    // The end of a tag that stands there literally stays literal too.
    if (closed !== null && (name === undefined || supported.has(name))) {
      position = next + closed[0].length
      if (name === undefined || !open.includes(name)) {
        problems.add(`${closed[0]} fecha uma tag que não foi aberta.`)
        continue
      }
      flush()
      if (open.at(-1) !== name)
        problems.add(`As tags <${open.at(-1)}> e <${name}> estão cruzadas: feche primeiro a última que abriu.`)
      while (open.at(-1) !== name) close()
      close()
      continue
    }

    problems.add(refusal ?? malformed(source, next))
    literal += "&lt;"
    position = next + 1
  }
  flush()
  for (const name of open.toReversed()) problems.add(`A tag <${name}> foi aberta e não foi fechada.`)
  while (open.length > 0) close()
  return { tokens, problems: [...problems] }
}

const matchAt = (pattern: RegExp, source: string, at: number): RegExpExecArray | null => {
  pattern.lastIndex = at
  return pattern.exec(source)
}

const unsupported = (name: string): string =>
  name === "br" || name === "p"
    ? `O Telegram não aceita a tag <${name}>: use uma quebra de linha.`
    : `O Telegram não aceita a tag <${name}>. Use b, i, u, s, a, code, pre, blockquote ou tg-spoiler.`

const refusalOf = (raw: string, name: string, attributes: string): string | undefined => {
  if (!supported.has(name)) return unsupported(name)
  if (raw.length > longestTag) return `A tag <${name}> é longa demais.`
  if (name === "span" && !/class\s*=\s*["']?tg-spoiler["']?(?:\s|$)/.test(attributes)) {
    return 'A tag <span> só é aceita como <span class="tg-spoiler">.'
  }
  if (name === "tg-emoji" && !/emoji-id\s*=\s*["']?\d+/.test(attributes)) return "A tag <tg-emoji> precisa de emoji-id."
  return undefined
}

const malformed = (source: string, at: number): string => {
  const name = matchAt(tagName, source, at)?.[1]?.toLowerCase()
  if (name === undefined) return 'Para escrever o sinal "<", use &lt;'
  return supported.has(name) ? `A tag <${name}> está mal escrita.` : unsupported(name)
}

const entity = /&(?:#(\d{1,8})|#x([0-9a-fA-F]{1,8})|(lt|gt|amp|quot)(?![a-zA-Z]));?/g
const named: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"' }

const decodeEntities = (text: string): string =>
  text.includes("&")
    ? text.replace(entity, (whole, decimal?: string, hex?: string, name?: string) => {
        if (name !== undefined) return named[name] ?? whole
        const code = decimal === undefined ? Number.parseInt(hex ?? "", 16) : Number(decimal)
        const isCharacter = code > 0 && code < 0x10ffff && (code < 0xd800 || code > 0xdfff)
        return isCharacter ? String.fromCodePoint(code) : whole
      })
    : text

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" }

/** For text and for attribute values in either kind of quotes. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (sign) => escapes[sign] ?? sign)

/** The same without the quotes, which text may hold: keeps a message short and readable. */
export const escapeText = (text: string): string => text.replace(/[&<>]/g, (sign) => escapes[sign] ?? sign)

export const renderHtml = (tokens: ReadonlyArray<HtmlToken>): string => {
  let html = ""
  for (const token of tokens) {
    if (token.kind === "text") html += escapeText(token.text)
    else html += token.kind === "open" ? token.raw : `</${token.name}>`
  }
  return html
}

const markup = /[<&]/

/** The text as a reader sees it: tags out, entities decoded. */
export const stripHtml = (html: string): string => {
  if (!markup.test(html)) return html
  let text = ""
  for (const token of parseHtml(html).tokens) if (token.kind === "text") text += token.text
  return text
}

/** Characters that Telegram counts: code points after parsing. */
export const htmlLength = (html: string): number => codePoints(stripHtml(html))

export const codePoints = (text: string): number => {
  let count = text.length
  for (let index = 0; index < text.length - 1; index++) {
    if ((text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00) count--
  }
  return count
}

/** The same message in HTML that Telegram accepts; unchanged when it already does. */
export const repairHtml = (html: string): string => {
  if (!html.includes("<")) return html
  const { problems, tokens } = parseHtml(html)
  return problems.length === 0 ? html : renderHtml(tokens)
}

// What Telegram takes for an empty message: spaces and signs without a shape.
const invisible = /^[\s\p{Default_Ignorable_Code_Point}\u2800\ufffc]*$/u

export const isBlank = (text: string): boolean => invisible.test(text)
