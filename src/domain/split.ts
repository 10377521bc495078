import { escapeText, type HtmlToken, isBlank, parseHtml } from "./html.ts"

/** Telegram refuses more before it even parses. */
export const maxBytes = 32_768

interface Piece {
  readonly from: number
  readonly to: number
  readonly html: string
}

/**
 * Cuts HTML into messages of at most `limit` characters after parsing, at paragraph, line or sentence ends where there
 * are any. Tags open at a cut are closed before it and opened again behind it.
 */
export const splitHtml = (html: string, limit = 4_096): ReadonlyArray<string> => {
  const { tokens } = parseHtml(html)
  const characters = tokens.flatMap((token) => (token.kind === "text" ? Array.from(token.text) : []))
  const parts: Array<string> = []
  let from = 0
  while (from < characters.length) {
    const piece = pieceFrom(tokens, characters, from, limit)
    if (piece.html !== "") parts.push(piece.html)
    from = piece.to
  }
  return parts
}

const pieceFrom = (
  tokens: ReadonlyArray<HtmlToken>,
  characters: ReadonlyArray<string>,
  from: number,
  limit: number
): Piece => {
  const to = cutAt(characters, from, limit)
  const html = render(tokens, characters, from, to)
  // Dense tags can outgrow the bytes long before the characters are used up.
  return Buffer.byteLength(html) > maxBytes && limit > 1
    ? pieceFrom(tokens, characters, from, Math.floor(limit / 2))
    : { from, to, html }
}

const cutAt = (characters: ReadonlyArray<string>, from: number, limit: number): number => {
  const end = from + limit
  if (end >= characters.length) return characters.length
  // A part shorter than half the limit would look broken: then a lesser boundary is better.
  const half = from + Math.ceil(limit / 2)
  const last = (earliest: number, isBoundary: (before: string, after: string, at: number) => boolean) => {
    for (let at = end; at > earliest; at--) {
      if (isBoundary(characters[at - 1] ?? "", characters[at] ?? "", at)) return at
    }
    return undefined
  }
  return (
    last(half, (before, _, at) => before === "\n" && characters[at - 2] === "\n") ??
    last(half, (before) => before === "\n") ??
    last(half, (before, after) => /[.!?…]/.test(before) && /\s/.test(after)) ??
    last(from, (before) => /\s/.test(before)) ??
    last(from, (before, after) => !joins(before, after)) ??
    end
  )
}

/** A skin tone, an accent or a joined emoji belongs to what stands before it. */
const joins = (before: string, after: string): boolean =>
  before === "\u200d" || /^(?:\u200d|\p{Variation_Selector}|\p{M}|\p{Emoji_Modifier})$/u.test(after)

const render = (
  tokens: ReadonlyArray<HtmlToken>,
  characters: ReadonlyArray<string>,
  from: number,
  to: number
): string => {
  const visible = characters.slice(from, to)
  if (isBlank(visible.join(""))) return ""
  let start = from
  let end = to
  while (/\s/.test(characters[start] ?? "")) start++
  while (/\s/.test(characters[end - 1] ?? "")) end--

  let html = ""
  let position = 0
  const wanted: Array<HtmlToken & { kind: "open" }> = []
  let opened = 0
  const closeDownTo = (depth: number) => {
    for (; opened > depth; opened--) html += `</${wanted[opened - 1]?.name}>`
  }
  for (const token of tokens) {
    if (token.kind === "open") wanted.push(token)
    else if (token.kind === "close") {
      closeDownTo(Math.min(opened, wanted.length - 1))
      wanted.pop()
    } else {
      const length = Array.from(token.text).length
      const first = Math.max(start, position)
      const last = Math.min(end, position + length)
      position += length
      if (first >= last) continue
      // Tags are written only when text follows: an empty pair costs bytes and says nothing.
      for (; opened < wanted.length; opened++) html += wanted[opened]?.raw ?? ""
      html += escapeText(characters.slice(first, last).join(""))
    }
  }
  return html
}
