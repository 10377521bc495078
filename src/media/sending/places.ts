import type { InputFile } from "grammy"
import { MediaKind } from "../../domain/contentModel.ts"
import type { TelegramCall } from "../../messages/telegramCall.ts"

/** What stands where a call names a file: an id or address, bytes, or a file of the library (`LibraryFile`). */
export type Place = string | InputFile

interface AlbumItem {
  readonly type: string
  readonly media: Place
}

const fieldOf = ({ payload }: TelegramCall): MediaKind | undefined =>
  MediaKind.literals.find((kind) => payload[kind] !== undefined)

export const itemsOf = ({ payload }: TelegramCall): ReadonlyArray<AlbumItem> =>
  (payload["media"] ?? []) as ReadonlyArray<AlbumItem>

/** The files of a call, in their order. */
export const placesOf = (call: TelegramCall): ReadonlyArray<Place> => {
  if (call.kind === "album") return itemsOf(call).map((item) => item.media)
  const field = call.kind === "media" ? fieldOf(call) : undefined
  return field === undefined ? [] : [call.payload[field] as Place]
}

/** The same call with other files in the same places. */
export const withPlaces = (call: TelegramCall, places: ReadonlyArray<Place>): TelegramCall => {
  const { cold: _, ...rest } = call
  if (call.kind === "album") {
    const media = itemsOf(call).map((item, index) => Object.assign({}, item, { media: places[index] ?? item.media }))
    return { ...rest, payload: { ...call.payload, media } }
  }
  const field = fieldOf(call)
  return field === undefined ? rest : { ...rest, payload: { ...call.payload, [field]: places[0] } }
}
