import { type Media, MediaKind, type MessageContent } from "./contentModel.ts"

/** The kinds that the tables of the older systems allow. */
export type StoredKind = "photo" | "video" | "document" | "audio"

/** Under which of them a kind of ours is stored. */
export const storedKindOf: Readonly<Record<MediaKind, StoredKind>> = {
  photo: "photo",
  video: "video",
  animation: "video",
  audio: "audio",
  voice: "audio",
  document: "document",
  video_note: "document"
}

export const isMediaKind = (word: unknown): word is MediaKind => MediaKind.literals.some((kind) => kind === word)

/** A file of a bot's library, as much of it as sending needs. */
export interface BotMedia {
  /** None: only `media_cache` of an older system knows it, and its bytes are nowhere. */
  readonly id: number | undefined
  /** What it is sent as. */
  readonly kind: MediaKind
  readonly storedKind: StoredKind
  readonly sha256: string
  /** Telegram has the bytes already, for this very bot; without it they have to be uploaded once. */
  readonly fileId: string | undefined
}

/** The files of a bot, by every name that a content may call them. */
export type BotLibrary = ReadonlyMap<string, BotMedia>

type Reference = Extract<Media, { media_id: number } | { sha256: string }>

/** The name of a reference in a library. */
export const nameOfMedia = (media: Reference): string =>
  "media_id" in media ? `#${media.media_id}` : `${media.kind}/${media.sha256}`

export const libraryOf = (media: ReadonlyArray<BotMedia>): BotLibrary =>
  new Map(
    media.flatMap((one) => {
      const byHash = [nameOfMedia({ kind: one.storedKind, sha256: one.sha256 }), one] as const
      return one.id === undefined ? [byHash] : [[nameOfMedia({ media_id: one.id }), one] as const, byHash]
    })
  )

/** A content as a seller can edit it: files of the library by their number, however an older system named them. */
export const asLibrary = (content: MessageContent, library: BotLibrary): MessageContent => {
  if (content.media === undefined) return content
  const media = content.media.map((one): Media => {
    if ("media_id" in one || "url" in one) return one
    const id =
      "sha256" in one
        ? library.get(nameOfMedia(one))?.id
        : [...library.values()].find((file) => file.fileId === one.file_id && file.kind === one.kind)?.id
    return id === undefined ? one : { media_id: id }
  })
  return { ...content, media }
}
