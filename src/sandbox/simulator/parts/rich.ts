import type { Entity } from "../../telegram/wire.ts"
import { type Html, html, type Part } from "../html.ts"

/** A text with its entities, as the person reads it. Offsets count UTF-16 units, as JavaScript's do. */
export const rich = (text: string, entities: ReadonlyArray<Entity>): Html => {
  const sorted = entities.toSorted((a, b) => a.offset - b.offset || b.length - a.length)
  return html`${inside(text, 0, text.length, sorted)}`
}

const inside = (text: string, from: number, to: number, entities: ReadonlyArray<Entity>): ReadonlyArray<Part> => {
  const parts: Array<Part> = []
  let at = from
  for (const [index, entity] of entities.entries()) {
    const end = Math.min(entity.offset + entity.length, to)
    if (entity.offset < at || end <= entity.offset) continue
    parts.push(linked(text.slice(at, entity.offset)))
    const within = entities.slice(index + 1).filter((other) => other.offset >= entity.offset && other.offset < end)
    parts.push(wrap(entity, inside(text, entity.offset, end, within), text.slice(entity.offset, end)))
    at = end
  }
  return [...parts, linked(text.slice(at, to))]
}

const wrap = (entity: Entity, content: ReadonlyArray<Part>, text: string): Html => {
  switch (entity.type) {
    case "bold":
      return html`<b>${content}</b>`
    case "italic":
      return html`<i>${content}</i>`
    case "underline":
      return html`<u>${content}</u>`
    case "strikethrough":
      return html`<s>${content}</s>`
    case "spoiler":
      return html`<button class="spoiler" data-spoiler aria-label="Mostrar texto escondido">${content}</button>`
    case "code":
      return html`<button class="code" data-copy="${text}" title="Copiar">${content}</button>`
    case "pre":
      return html`<pre>${content}</pre>`
    case "blockquote":
      return html`<blockquote>${content}</blockquote>`
    case "text_link":
      return link(entity.url ?? "", content)
    default:
      return html`${content}`
  }
}

/** Only addresses that a browser may be sent to; anything else stays text. */
export const link = (url: string, content: Part): Html =>
  /^https?:\/\//i.test(url)
    ? html`<a href="${url}" target="_blank" rel="noopener noreferrer">${content}</a>`
    : html`${content}`

const linked = (text: string): ReadonlyArray<Part> =>
  text.split(/(https?:\/\/[^\s<>"]+)/i).map((piece, index) => (index % 2 === 1 ? link(piece, piece) : piece))
