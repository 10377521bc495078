import type { Params } from "../http/body.ts"
import { parseHtml } from "./html.ts"
import { isRecord, structureOf, textOf } from "./params.ts"
import { badRequest } from "./Refusal.ts"
import type { Entity, Formatted } from "./wire.ts"

const MAX_TEXT = 4096
const MAX_CAPTION = 1024
const MAX_RAW_BYTES = 32_768

/** The text of a message: not empty, at most 4096 code points after parsing. */
export const messageText = (params: Params): Formatted => {
  const raw = textOf(params, "text")
  if (raw === "") throw badRequest("message text is empty")
  const formatted = trimmed(format(raw, params, "parse_mode", "entities"))
  if (formatted.text === "") throw badRequest("text must be non-empty")
  if (isLonger(formatted.text, MAX_TEXT)) throw badRequest("message is too long")
  return formatted
}

/** The caption of a medium, which may be empty. */
export const captionText = (params: Params): Formatted => {
  const formatted = trimmed(format(textOf(params, "caption"), params, "parse_mode", "caption_entities"))
  if (isLonger(formatted.text, MAX_CAPTION)) throw badRequest("message caption is too long")
  return formatted
}

const format = (raw: string, params: Params, modeName: string, entitiesName: string): Formatted => {
  if (raw.length > MAX_RAW_BYTES / 4 && Buffer.byteLength(raw) > MAX_RAW_BYTES) throw badRequest("text is too long")
  const mode = textOf(params, modeName).toLowerCase()
  if (mode === "html") return parseHtml(raw)
  // Markdown exists in Telegram; the stand-in refuses it, because Funil writes nothing but HTML.
  if (mode !== "" && mode !== "none") throw badRequest("unsupported parse_mode")
  const given = structureOf(params, entitiesName, "entities")
  return { text: raw, entities: Array.isArray(given) ? given.map((entity) => checkedEntity(entity, raw)) : [] }
}

const checkedEntity = (value: unknown, text: string): Entity => {
  if (!isRecord(value)) throw badRequest("expected an Object as a MessageEntity")
  const entity = value as unknown as Entity
  if (entity.offset < 0) throw badRequest(`receive an entity with incorrect offset ${entity.offset}`)
  if (entity.offset > text.length) {
    throw badRequest(`entity begins after the end of the text at UTF-16 offset ${entity.offset}`)
  }
  if (entity.offset + entity.length > text.length) {
    throw badRequest(
      `entity beginning at UTF-16 offset ${entity.offset} ends after the end of the text at UTF-16 offset ${entity.offset + entity.length}`
    )
  }
  return entity
}

const trimmed = ({ text, entities }: Formatted): Formatted => {
  const start = text.length - text.trimStart().length
  const body = text.trim()
  if (body.length === text.length) return { text, entities }
  const kept: Array<Entity> = []
  for (const entity of entities) {
    const from = Math.max(entity.offset - start, 0)
    const to = Math.min(entity.offset + entity.length - start, body.length)
    if (to > from) kept.push({ ...entity, offset: from, length: to - from })
  }
  return { text: body, entities: kept }
}

/** Telegram counts code points, JavaScript UTF-16 units. */
const isLonger = (text: string, limit: number): boolean => {
  if (text.length <= limit) return false
  let count = 0
  for (const _ of text) count++
  return count > limit
}
