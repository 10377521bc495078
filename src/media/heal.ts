import { type BotMedia, nameOfMedia } from "../domain/botMedia.ts"
import { LibraryFile, type TelegramCall } from "../messages/telegramCall.ts"
import type { TelegramError } from "../telegram/TelegramError.ts"
import { placesOf, withPlaces } from "./sending/places.ts"

/** A file whose id Telegram does not know, at its place in the call. */
export interface WrongFile {
  readonly index: number
  readonly media: BotMedia
  readonly fileId: string
}

/**
 * Which files of our library a refusal is about: ids of another bot, or ids that Telegram gave up. Ids and addresses
 * that a seller wrote himself are none of ours. `sent` is the call as it left.
 */
export const wrongFilesOf = (
  sent: TelegramCall,
  { description, reason }: TelegramError,
  mediaOf: (fileId: string) => BotMedia | undefined
): ReadonlyArray<WrongFile> => {
  if (reason._tag !== "BadFile" || reason.remedy !== "upload") return []
  // An album's refusal names the item.
  const named = sent.kind === "album" ? /message #(\d+)/.exec(description)?.[1] : undefined
  return placesOf(sent).flatMap((place, index) => {
    if (typeof place !== "string" || (named !== undefined && Number(named) !== index + 1)) return []
    const media = mediaOf(place)
    return media === undefined ? [] : [{ index, media, fileId: place }]
  })
}

/** The call with the files themselves where the wrong ids stood, and where `original` had files. */
export const withFilesAgain = (
  original: TelegramCall,
  sent: TelegramCall,
  wrong: ReadonlyArray<WrongFile>
): TelegramCall => {
  const before = placesOf(original)
  const places = placesOf(sent).map((place, index) => {
    const one = wrong.find((file) => file.index === index)
    if (one !== undefined) return new LibraryFile({ ...one.media, fileId: undefined })
    // Bytes that were on their way are used up.
    return typeof place === "string" ? place : (before[index] ?? place)
  })
  return { ...withPlaces(sent, places), cold: true }
}

/** How a file is called in a log line. */
export const labelOf = (media: BotMedia): string =>
  media.id === undefined ? nameOfMedia({ kind: media.storedKind, sha256: media.sha256.slice(0, 8) }) : String(media.id)
