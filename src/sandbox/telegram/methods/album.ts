import { randomInt } from "node:crypto"
import type { Params } from "../../http/body.ts"
import { mediaFields, type MediaFile, resolveMedia } from "../media.ts"
import { isRecord, structureOf, textOf } from "../params.ts"
import { badRequest, Refusal } from "../Refusal.ts"
import { captionText } from "../text.ts"
import type { Formatted, MediaKind } from "../wire.ts"
import { type CallContext, type Method, sourcesOf } from "./Method.ts"
import { captionFields, post, writableChat } from "./sending.ts"

interface Item {
  readonly file: MediaFile
  readonly caption: Formatted
  readonly params: Params
}

const ALONE: Partial<Record<MediaKind, string>> = { audio: "audio", document: "document" }

/** An album: 2 to 10 items, documents and audios only among themselves. A keyboard given with it is ignored. */
export const sendMediaGroup: Method = (call) => {
  const media = structureOf(call.params, "media", "media")
  if (!Array.isArray(media)) throw badRequest("expected an Array of InputMedia")
  if (media.length > 10) throw badRequest("too many messages to send as an album")
  // TDLib lets one item pass, the reference asks for two; the stand-in holds callers to the reference.
  if (media.length < 2) throw badRequest("there are too few messages to send as an album")
  const items = media.map((value, index) => albumItem(call, value, index))
  const kinds = new Set(items.map(({ file }) => file.kind))
  const alone = [...kinds].find((kind) => ALONE[kind] !== undefined)
  if (kinds.size > 1 && alone !== undefined) throw badRequest(`${ALONE[alone]!} can't be mixed with other media types`)
  if (new Set(items.map(({ params }) => params.show_caption_above_media === true)).size > 1) {
    throw badRequest("parameter show_caption_above_media must be the same for all messages in the album")
  }
  const chat = writableChat(call)
  const group = { media_group_id: String(randomInt(2 ** 47)) }
  return items.map(({ file, caption, params }) => {
    const spoiler = params.has_spoiler === true ? { has_media_spoiler: true } : {}
    const above = params.show_caption_above_media === true ? { show_caption_above_media: true } : {}
    return post(
      call,
      chat,
      { ...group, ...mediaFields(file), ...captionFields(caption), ...spoiler, ...above },
      undefined,
      file
    )
  })
}

const albumItem = (call: CallContext, value: unknown, index: number): Item => {
  const params = inputMedia(value)
  const kind = textOf(params, "type")
  if (!isAlbumKind(kind)) throw badRequest("can't use the media of the specified type in the album")
  try {
    return {
      file: resolveMedia(sourcesOf(call), kind, textOf(params, "media"), ""),
      caption: captionText(params),
      params
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const reason = error.message.replace(/^Bad Request: /, "")
    throw badRequest(`failed to send message #${index + 1} with the error message "${reason}"`)
  }
}

/** Reads an InputMedia object. */
export const inputMedia = (value: unknown): Params => {
  if (!isRecord(value)) throw badRequest("can't parse InputMedia: Expected an Object")
  if (typeof value.type !== "string") throw badRequest(`can't parse InputMedia: Can't find field "type"`)
  if (typeof value.media !== "string") throw badRequest(`can't parse InputMedia: Can't find field "media"`)
  return value
}

const isAlbumKind = (kind: string): kind is "photo" | "video" | "audio" | "document" =>
  kind === "photo" || kind === "video" || kind === "audio" || kind === "document"
