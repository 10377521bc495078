import { Predicate } from "effect"
import type { Media, MediaKind } from "./content.ts"

export interface UnresolvedMedia {
  readonly sha256: string
  readonly kind: MediaKind
}

/** The words of the older systems and of Telegram, in our own. */
const kinds: ReadonlyMap<unknown, MediaKind> = new Map<unknown, MediaKind>([
  ["photo", "photo"],
  ["image", "photo"],
  ["video", "video"],
  ["audio", "audio"],
  ["voice", "voice"],
  ["document", "document"],
  ["file", "document"],
  ["animation", "animation"],
  ["gif", "animation"],
  ["video_note", "video_note"]
])

/** Both older systems sent sounds first, then films, then pictures. */
const order: ReadonlyArray<MediaKind> = ["audio", "video", "photo"]
const rank = (media: Media): number => {
  const at = "kind" in media ? order.indexOf(media.kind) : -1
  return at === -1 ? order.length : at
}

/** One reference or a list of them, in the order in which they were sent; what cannot be read is left out. */
export const readMedia = (refs: unknown): ReadonlyArray<Media> => {
  const list: ReadonlyArray<unknown> = Array.isArray(refs) ? refs : [refs]
  const media = list.flatMap((ref) => readOne(ref) ?? [])
  const seen = new Set<string>()
  return media
    .filter((one) => {
      const key = JSON.stringify(one)
      return !seen.has(key) && seen.add(key)
    })
    .toSorted((left, right) => rank(left) - rank(right))
}

const readOne = (ref: unknown): Media | undefined => {
  if (!Predicate.isObject(ref)) return undefined
  const values: Record<string, unknown> = { ...ref }
  const word = values["kind"] ?? values["type"]
  const kind = kinds.get(Predicate.isString(word) ? word.toLowerCase() : word)
  if (kind === undefined) return undefined
  const fileId = values["tg_file_id"] ?? values["file_id"]
  if (Predicate.isString(fileId) && /^(?!https?:)\S{1,512}$/.test(fileId)) return { kind, file_id: fileId }
  const sha256 = values["sha256"] ?? values["key"] ?? values["id"]
  return Predicate.isString(sha256) && /^[\w-]{4,128}$/.test(sha256) ? { kind, sha256 } : undefined
}

export const unresolvedOf = (media: ReadonlyArray<Media>): ReadonlyArray<UnresolvedMedia> =>
  media.flatMap((one) => ("sha256" in one ? [{ sha256: one.sha256, kind: one.kind }] : []))
