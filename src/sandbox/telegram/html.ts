import { linkProblem } from "../http/links.ts"
import { badRequest } from "./Refusal.ts"
import type { Entity, Formatted } from "./wire.ts"

const TAGS = new Map([
  ["b", "bold"],
  ["strong", "bold"],
  ["i", "italic"],
  ["em", "italic"],
  ["u", "underline"],
  ["ins", "underline"],
  ["s", "strikethrough"],
  ["strike", "strikethrough"],
  ["del", "strikethrough"],
  ["span", "spoiler"],
  ["tg-spoiler", "spoiler"],
  ["a", "text_link"],
  ["tg-emoji", "custom_emoji"],
  ["tg-time", "date_time"],
  ["code", "code"],
  ["pre", "pre"],
  ["blockquote", "blockquote"]
])

const NAMED = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["quot", '"']
])

const REFERENCE = /&(?:#x([0-9a-f]{1,7})|#([0-9]{1,8})|(lt|gt|amp|quot)(?![a-z]));?/iy
const NAME_END = /[\s>]|$/g
const ATTRIBUTE_END = /[\s>=]|$/g

interface Open {
  readonly tag: string
  readonly argument: string
  readonly offset: number
}

/** Parses Telegram's HTML and refuses what Telegram refuses, naming the same byte offset. */
export const parseHtml = (input: string): Formatted => {
  if (!input.includes("<") && !input.includes("&")) return { text: input, entities: [] }
  const entities: Array<Entity> = []
  const open: Array<Open> = []
  let text = ""
  let at = 0
  while (at < input.length) {
    const char = input[at]!
    if (char === "&") {
      const reference = readReference(input, at)
      text += reference?.char ?? char
      at = reference?.end ?? at + 1
    } else if (char !== "<") {
      const next = nextSpecial(input, at)
      text += input.slice(at, next)
      at = next
    } else if (input[at + 1] === "/") {
      at = readEnd(input, at, open, entities, text)
    } else {
      const start = readStart(input, at)
      open.push({ tag: start.tag, argument: start.argument, offset: text.length })
      at = start.end
    }
  }
  const left = open.at(-1)
  if (left !== undefined) throw cannotParse(`Can't find end tag corresponding to start tag "${left.tag}"`)
  const plain = entities.map((entity) => (entity.type === "code" ? withoutLanguage(entity) : entity))
  return { text, entities: plain.toSorted((a, b) => a.offset - b.offset || b.length - a.length) }
}

const cannotParse = (why: string) => badRequest(`can't parse entities: ${why}`)

const offsetOf = (input: string, at: number) => `byte offset ${Buffer.byteLength(input.slice(0, at))}`

const nextSpecial = (input: string, from: number): number => {
  for (let at = from; at < input.length; at++) {
    const code = input.charCodeAt(at)
    if (code === 38 || code === 60) return at
  }
  return input.length
}

const find = (pattern: RegExp, input: string, from: number): number => {
  pattern.lastIndex = from
  return pattern.exec(input)?.index ?? input.length
}

const readReference = (input: string, at: number): { readonly char: string; readonly end: number } | undefined => {
  REFERENCE.lastIndex = at
  const found = REFERENCE.exec(input)
  if (found === null) return undefined
  const named = found[3] === undefined ? undefined : NAMED.get(found[3])
  if (named !== undefined) return { char: named, end: REFERENCE.lastIndex }
  const code = found[1] === undefined ? Number(found[2]) : Number.parseInt(found[1], 16)
  const valid = code > 0 && code < 0x10_ff_ff && !(code >= 0xd8_00 && code <= 0xdf_ff)
  return valid ? { char: String.fromCodePoint(code), end: REFERENCE.lastIndex } : undefined
}

const skipSpace = (input: string, from: number): number => {
  let at = from
  while (at < input.length && /\s/.test(input[at]!)) at++
  return at
}

const readStart = (input: string, begin: number) => {
  let at = find(NAME_END, input, begin + 1)
  if (at === input.length) throw cannotParse(`Unclosed start tag at ${offsetOf(input, begin)}`)
  const tag = input.slice(begin + 1, at).toLowerCase()
  if (!TAGS.has(tag)) throw cannotParse(`Unsupported start tag "${tag}" at ${offsetOf(input, begin)}`)
  let argument = ""
  for (at = skipSpace(input, at); input[at] !== ">"; at = skipSpace(input, at)) {
    if (at >= input.length) throw cannotParse(`Unclosed start tag "${tag}" at ${offsetOf(input, begin)}`)
    const nameEnd = find(ATTRIBUTE_END, input, at)
    const name = input.slice(at, nameEnd)
    if (name === "") throw cannotParse(`Empty attribute name in the tag "${tag}" at ${offsetOf(input, begin)}`)
    at = skipSpace(input, nameEnd)
    if (input[at] !== "=") {
      argument = argumentOf(tag, name, "") ?? argument
      continue
    }
    const value = readValue(input, skipSpace(input, at + 1), tag, begin)
    argument = argumentOf(tag, name, value.text) ?? argument
    at = value.end
  }
  if (tag === "span" && argument !== "spoiler") {
    throw cannotParse(`Tag "span" must have class "tg-spoiler" at ${offsetOf(input, begin)}`)
  }
  return { tag, argument, end: at + 1 }
}

const readValue = (input: string, from: number, tag: string, begin: number) => {
  const quote = input[from]
  if (quote === undefined) throw cannotParse(`Unclosed start tag "${tag}" at ${offsetOf(input, begin)}`)
  if (quote !== '"' && quote !== "'") {
    const token = /^[a-z0-9.-]*/i.exec(input.slice(from, from + 200))![0]
    const end = from + token.length
    if (end >= input.length || !/[\s>]/.test(input[end]!)) {
      throw cannotParse(`Unexpected end of name token at ${offsetOf(input, from)}`)
    }
    return { text: token.toLowerCase(), end }
  }
  let text = ""
  let at = from + 1
  while (at < input.length && input[at] !== quote) {
    const reference = input[at] === "&" ? readReference(input, at) : undefined
    text += reference?.char ?? input[at]!
    at = reference?.end ?? at + 1
  }
  if (at >= input.length) throw cannotParse(`Unclosed start tag at ${offsetOf(input, begin)}`)
  return { text, end: at + 1 }
}

const argumentOf = (tag: string, name: string, value: string): string | undefined => {
  if (tag === "a" && name === "href") return value
  if (tag === "code" && name === "class" && value.startsWith("language-")) return value.slice("language-".length)
  if (tag === "span" && name === "class" && value.startsWith("tg-")) return value.slice("tg-".length)
  if (tag === "tg-emoji" && name === "emoji-id") return value
  if (tag === "blockquote" && name === "expandable") return "expandable"
  return undefined
}

const readEnd = (input: string, begin: number, open: Array<Open>, entities: Array<Entity>, text: string): number => {
  const last = open.pop()
  if (last === undefined) throw cannotParse(`Unexpected end tag at ${offsetOf(input, begin)}`)
  const nameEnd = find(NAME_END, input, begin + 2)
  const end = skipSpace(input, nameEnd)
  if (input[end] !== ">") throw cannotParse(`Unclosed end tag at ${offsetOf(input, begin)}`)
  const name = input.slice(begin + 2, nameEnd).toLowerCase()
  if (name !== "" && name !== last.tag) {
    throw cannotParse(`Unmatched end tag at ${offsetOf(input, begin)}, expected "</${last.tag}>", found "</${name}>"`)
  }
  const length = text.length - last.offset
  const entity = length > 0 ? entityOf(last, length, text) : undefined
  if (entity !== undefined) add(entities, entity)
  return end + 1
}

const entityOf = ({ tag, argument, offset }: Open, length: number, text: string): Entity | undefined => {
  const type = TAGS.get(tag)!
  if (type === "text_link") {
    const url = argument === "" ? text.slice(offset) : argument
    return linkProblem(url) === undefined ? { type, offset, length, url } : undefined
  }
  if (type === "custom_emoji") {
    if (!/^\d{1,19}$/.test(argument) || BigInt(argument) > 2n ** 63n - 1n) {
      throw cannotParse("Invalid custom emoji identifier specified")
    }
    return { type, offset, length, custom_emoji_id: argument }
  }
  if (type === "blockquote" && argument !== "") return { type: "expandable_blockquote", offset, length }
  return type === "code" && argument !== "" ? { type, offset, length, language: argument } : { type, offset, length }
}

/** `<pre><code class="language-x">` is one entity; a language outside of `<pre>` is dropped at the end. */
const add = (entities: Array<Entity>, entity: Entity): void => {
  const last = entities.at(-1)
  const wrapped = last?.language !== undefined && last.offset === entity.offset && last.length === entity.length
  if (entity.type === "pre" && wrapped) entities[entities.length - 1] = { ...last, type: "pre" }
  else entities.push(entity)
}

const withoutLanguage = ({ type, offset, length }: Entity): Entity => ({ type, offset, length })
