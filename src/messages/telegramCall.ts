import { InputFile, type RawApi } from "grammy"
import type { InlineKeyboardMarkup } from "grammy/types"
import type { BotMedia } from "../domain/botMedia.ts"
import type { Media, MediaKind, MessageContent } from "../domain/content.ts"

/** A method's parameters by grammY's types: what is built is checked against them. */
export type Payload<M extends keyof RawApi> = NonNullable<Parameters<RawApi[M]>[0]> & object

/** One Bot API call, ready to leave. */
export interface TelegramCall {
  readonly kind: "text" | "media" | "album"
  readonly method: string
  readonly payload: { readonly chat_id: number | string; readonly [parameter: string]: unknown }
  /** It names files that Telegram does not know yet (`LibraryFile`): `Attachments` puts ids or bytes in their places. */
  readonly cold?: true
}

/** The place of a file of the bot's library in a call: what is known of it, without its bytes. */
export class LibraryFile extends InputFile {
  readonly media: BotMedia

  constructor(media: BotMedia) {
    super(new Uint8Array(0))
    this.media = media
  }
}

/** A media that Telegram can take as it is. */
export type SendableMedia =
  | { readonly kind: MediaKind; readonly url: string }
  | { readonly kind: MediaKind; readonly file_id: string }
  | { readonly kind: MediaKind; readonly upload: InputFile }
  | { readonly kind: MediaKind; readonly cold: BotMedia }

/** A media known only to us: by its row or, in the old databases, by its hash. */
export type MediaReference = Extract<Media, { media_id: number } | { sha256: string }>

/** A message whose media may already be resolved. */
export type ComposableContent = Omit<MessageContent, "media"> & {
  readonly media?: ReadonlyArray<Media | SendableMedia>
}

export type Keyboard = InlineKeyboardMarkup | undefined

export const isReference = (media: Media | SendableMedia): media is MediaReference =>
  "media_id" in media || "sha256" in media

/** The references of a message that have to be resolved before it can be sent whole. */
export const referencesOf = (content: ComposableContent): ReadonlyArray<MediaReference> =>
  (content.media ?? []).filter(isReference)

/** Puts sendable media in the place of references; one that `lookup` does not know stays a reference. */
export const resolveMedia = (
  content: ComposableContent,
  lookup: (media: MediaReference) => SendableMedia | undefined
): ComposableContent =>
  referencesOf(content).length === 0
    ? content
    : {
        ...content,
        media: (content.media ?? []).map((media) => (isReference(media) ? (lookup(media) ?? media) : media))
      }
