import type { Upload } from "../http/body.ts"
import { type FileId, mintFileId, readFileId, smallerSize } from "./fileId.ts"
import { badRequest } from "./Refusal.ts"
import type { MediaKind } from "./wire.ts"

const MAX_PHOTO_BYTES = 10 * 1024 * 1024

/** Name in the request, name in TDLib's errors, and how it is spoken of. */
const NAMES: Record<MediaKind, readonly [type: string, spoken: string]> = {
  photo: ["Photo", "photo"],
  video: ["Video", "video"],
  audio: ["Audio", "audio"],
  voice: ["VoiceNote", "voice"],
  document: ["Document", "document"],
  animation: ["Animation", "animation"],
  video_note: ["VideoNote", "video note"]
}

/** Kinds whose ids Telegram accepts in each other's place. */
const CONVERTIBLE: ReadonlySet<MediaKind> = new Set(["document", "audio", "animation"])

export interface MediaFile extends FileId {
  readonly source: "upload" | "url" | "file_id"
  readonly url?: string
  readonly upload?: Upload
}

export interface MediaSources {
  readonly botId: number
  readonly files: ReadonlyMap<string, Upload>
  readonly failingUrls: ReadonlySet<string>
}

/** Turns a media parameter (file id, URL, upload, `attach://…`) into a file, or refuses it as Telegram would. */
export const resolveMedia = (sources: MediaSources, kind: MediaKind, value: string, field: string): MediaFile => {
  const attached = value.startsWith("attach://") ? value.slice("attach://".length) : field
  const upload = value === "" || value.startsWith("attach://") ? sources.files.get(attached) : undefined
  if (upload !== undefined) return uploaded(sources.botId, kind, upload)
  if (value === "") throw badRequest(`there is no ${NAMES[kind][1]} in the request`)
  if (/^https?:\/\//i.test(value)) return fetched(sources, kind, value)
  return stored(sources.botId, kind, value)
}

const uploaded = (botId: number, kind: MediaKind, upload: Upload): MediaFile => {
  if (upload.size === 0) throw badRequest("file must be non-empty")
  if (kind === "photo" && upload.size > MAX_PHOTO_BYTES) {
    throw badRequest(
      `file of size ${upload.size} bytes is too big for a photo; the maximum size is ${MAX_PHOTO_BYTES} bytes`
    )
  }
  return { ...mintFileId(botId, kind), source: "upload", upload }
}

const fetched = (sources: MediaSources, kind: MediaKind, url: string): MediaFile => {
  if (kind === "video_note") throw badRequest("wrong file identifier/HTTP URL specified")
  if (sources.failingUrls.has(url)) throw badRequest("failed to get HTTP URL content")
  return { ...mintFileId(sources.botId, kind), source: "url", url }
}

const stored = (botId: number, kind: MediaKind, fileId: string): MediaFile => {
  const file = readFileId(fileId)
  if (file === undefined || file.botId !== botId) throw badRequest("wrong file identifier/HTTP URL specified")
  if (file.kind !== kind && !(CONVERTIBLE.has(file.kind) && CONVERTIBLE.has(kind))) {
    throw badRequest(`can't use file of type ${NAMES[file.kind][0]} as ${NAMES[kind][0]}`)
  }
  return { ...file, source: "file_id" }
}

/** The fields that a message shows of a medium. */
export const mediaFields = (file: MediaFile): Record<string, unknown> => {
  const ids = { file_id: file.fileId, file_unique_id: file.uniqueId }
  const size = file.upload?.size ?? 65_536
  const name = file.upload?.filename ?? `${file.kind}_${file.uniqueId}`
  switch (file.kind) {
    case "photo": {
      const small = smallerSize(file)
      return {
        photo: [
          { file_id: small.fileId, file_unique_id: small.uniqueId, file_size: 1500, width: 90, height: 90 },
          { ...ids, file_size: size, width: 800, height: 800 }
        ]
      }
    }
    case "video":
      return {
        video: {
          ...ids,
          file_size: size,
          width: 1280,
          height: 720,
          duration: 10,
          file_name: name,
          mime_type: "video/mp4"
        }
      }
    case "audio":
      return { audio: { ...ids, file_size: size, duration: 10, file_name: name, mime_type: "audio/mpeg" } }
    case "voice":
      return { voice: { ...ids, file_size: size, duration: 10, mime_type: "audio/ogg" } }
    case "video_note":
      return { video_note: { ...ids, file_size: size, duration: 10, length: 360 } }
    case "animation": {
      const animation = { ...ids, file_size: size, file_name: name, mime_type: "video/mp4" }
      return { animation: { ...animation, width: 320, height: 320, duration: 3 }, document: animation }
    }
    case "document":
      return {
        document: {
          ...ids,
          file_size: size,
          file_name: name,
          mime_type: file.upload?.contentType ?? "application/octet-stream"
        }
      }
  }
}
