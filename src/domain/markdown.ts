import { escapeHtml, escapeText } from "./html.ts"

/** A construct that is open: how it ends, and what it becomes. */
interface Open {
  /** Nothing for a quotation, which ends with its lines. */
  readonly end: string | undefined
  readonly close: (html: string, at: number) => { readonly html: string; readonly next: number } | undefined
  readonly before: string
}

const reserved = new Set("_*[]()~`>#+-=|{}.!")
const pairs: ReadonlyArray<readonly [mark: string, tag: string]> = [
  ["__", "u"],
  ["||", "tg-spoiler"],
  ["*", "b"],
  ["_", "i"],
  ["~", "s"]
]

/**
 * MarkdownV2 as Telegram reads it, into its HTML (facts/telegram, section 5). Nothing for a text that Telegram would
 * refuse: an unescaped sign or a construct left open.
 */
export const markdownToHtml = (source: string): string | undefined => {
  const stack: Array<Open> = []
  let html = ""
  let position = 0
  let quoted = false
  let lineStart = true

  const begin = (end: string | undefined, close: Open["close"]) => {
    stack.push({ end, close, before: html })
    html = ""
  }
  const wrap =
    (tag: string): Open["close"] =>
    (inner, at) => ({ html: `<${tag}>${inner}</${tag}>`, next: at })
  /** A quotation ends with its last line; `||` at its very end makes it expandable. */
  const endQuote = (): boolean => {
    const quote = stack.pop()
    quoted = false
    if (quote === undefined || quote.end !== undefined) return false
    html = `${quote.before}<blockquote>${html.replace(/\n$/, "")}</blockquote>${html.endsWith("\n") ? "\n" : ""}`
    return true
  }

  while (position < source.length) {
    const sign = source[position] ?? ""

    if (lineStart) {
      lineStart = false
      // `**>` starts a second quotation right behind the first.
      const quote = source.startsWith("**>", position) ? 3 : sign === ">" ? 1 : 0
      if (quoted && quote !== 1 && !endQuote()) return undefined
      if (quote > 0) {
        if (!quoted) {
          if (stack.length > 0) return undefined
          begin(undefined, () => undefined)
          quoted = true
        }
        position += quote
        continue
      }
    }

    if (sign === "\\" && isEscapable(source.charCodeAt(position + 1))) {
      html += escapeText(source[position + 1] ?? "")
      position += 2
      continue
    }

    if (
      quoted &&
      isQuote(stack.at(-1)) &&
      source.startsWith("||", position) &&
      /^(?:\n|$)/.test(source.slice(position + 2))
    ) {
      const quote = stack.pop()
      html = `${quote?.before ?? ""}<blockquote expandable>${html}</blockquote>`
      quoted = false
      position += 2
      continue
    }

    const top = stack.at(-1)
    if (top?.end !== undefined && endsHere(top.end, source, position)) {
      const closed = top.close(html, position + top.end.length)
      if (closed === undefined) return undefined
      stack.pop()
      html = top.before + closed.html
      position = closed.next
      continue
    }

    if (sign === "`") {
      const code = readCode(source, position)
      if (code === undefined) return undefined
      html += code.html
      position = code.next
      continue
    }
    if (sign === "[" || source.startsWith("![", position)) {
      const emoji = sign === "!"
      begin("]", (inner, at) => readTarget(source, at, inner, emoji))
      position += emoji ? 2 : 1
      continue
    }
    const pair = pairs.find(([mark]) => source.startsWith(mark, position))
    if (pair !== undefined) {
      begin(pair[0], wrap(pair[1]))
      position += pair[0].length
      continue
    }
    if (reserved.has(sign)) return undefined

    if (sign === "\n") lineStart = true
    html += escapeText(sign)
    position += 1
  }
  if (quoted && !endQuote()) return undefined
  return stack.length === 0 ? html : undefined
}

const isQuote = (open: Open | undefined): boolean => open !== undefined && open.end === undefined

const isEscapable = (code: number): boolean => code > 0 && code < 127

/** `__` is never the end of an italic: Telegram reads two underscores as one sign. */
const endsHere = (end: string, source: string, at: number): boolean =>
  source.startsWith(end, at) && !(end === "_" && source[at + 1] === "_")

const readCode = (source: string, at: number): { readonly html: string; readonly next: number } | undefined => {
  const fence = source.startsWith("```", at) ? "```" : "`"
  let inner = ""
  let position = at + fence.length
  while (position < source.length) {
    if (source[position] === "\\" && isEscapable(source.charCodeAt(position + 1))) {
      inner += source[position + 1] ?? ""
      position += 2
    } else if (source.startsWith(fence, position)) {
      return {
        html: fence === "`" ? `<code>${escapeText(inner)}</code>` : preformatted(inner),
        next: position + fence.length
      }
    } else if (fence === "`" || source[position] !== "`") {
      inner += source[position] ?? ""
      position += 1
    } else return undefined
  }
  return undefined
}

const preformatted = (inner: string): string => {
  const [, language, code] = /^([^\s`]+)\n([\s\S]*)$/.exec(inner) ?? []
  return language === undefined
    ? `<pre>${escapeText(inner.replace(/^\n/, ""))}</pre>`
    : `<pre><code class="language-${escapeHtml(language)}">${escapeText(code ?? "")}</code></pre>`
}

/** What stands behind `]`: a link's target, or the number of a custom emoji. */
const readTarget = (
  source: string,
  at: number,
  inner: string,
  emoji: boolean
): { readonly html: string; readonly next: number } | undefined => {
  if (source[at] !== "(") return undefined
  let url = ""
  let position = at + 1
  while (position < source.length && source[position] !== ")") {
    if (source[position] === "\\" && isEscapable(source.charCodeAt(position + 1))) position += 1
    url += source[position] ?? ""
    position += 1
  }
  if (position >= source.length) return undefined
  const next = position + 1
  if (!emoji) return { html: `<a href="${escapeHtml(url)}">${inner}</a>`, next }
  const id = /^tg:\/\/emoji\?id=(\d+)$/.exec(url)?.[1]
  return id === undefined ? undefined : { html: `<tg-emoji emoji-id="${id}">${inner}</tg-emoji>`, next }
}
