import type { InputFile } from "grammy"
import type { InputMediaAudio, InputMediaDocument, InputMediaPhoto, InputMediaVideo } from "grammy/types"
import type { MediaKind } from "../domain/content.ts"
import { stripHtml } from "../domain/html.ts"
import {
  type ComposableContent,
  type Keyboard,
  LibraryFile,
  type Payload,
  type SendableMedia,
  type TelegramCall
} from "./telegramCall.ts"

/** What every call of one message shares. */
export interface Look {
  readonly chatId: number | string
  readonly content: ComposableContent
}

const sharedBy = ({ chatId, content }: Look) => ({
  chat_id: chatId,
  ...(content.protect === true ? { protect_content: true } : {})
})

const markup = (keyboard: Keyboard) => (keyboard === undefined ? {} : { reply_markup: keyboard })

export const textCall = (look: Look, html: string, keyboard: Keyboard): TelegramCall => ({
  kind: "text",
  method: "sendMessage",
  payload: {
    ...sharedBy(look),
    text: html,
    parse_mode: "HTML",
    ...(look.content.preview === false ? { link_preview_options: { is_disabled: true } } : {}),
    ...markup(keyboard)
  } satisfies Payload<"sendMessage">
})

const fileOf = (media: SendableMedia): string | InputFile => {
  if ("file_id" in media) return media.file_id
  if ("url" in media) return media.url
  return "upload" in media ? media.upload : new LibraryFile(media.cold)
}

const isCold = (media: SendableMedia): boolean => "cold" in media

/** One media with its caption (none when empty) and buttons. */
export const mediaCall = (look: Look, media: SendableMedia, caption: string, keyboard: Keyboard): TelegramCall => {
  const { content } = look
  const plain = { ...sharedBy(look), ...markup(keyboard) }
  const base = caption === "" ? plain : { ...plain, caption, parse_mode: "HTML" as const }
  const visual = {
    ...base,
    ...(content.spoiler === true ? { has_spoiler: true } : {}),
    ...(caption !== "" && content.caption === "above" ? { show_caption_above_media: true } : {})
  }
  const file = fileOf(media)
  const cold = isCold(media) ? ({ cold: true } as const) : {}
  const call = (method: string, payload: TelegramCall["payload"]): TelegramCall => ({
    kind: "media",
    method,
    payload,
    ...cold
  })
  switch (media.kind) {
    case "photo":
      return call("sendPhoto", { ...visual, photo: file } satisfies Payload<"sendPhoto">)
    case "video":
      return call("sendVideo", { ...visual, video: file } satisfies Payload<"sendVideo">)
    case "animation":
      return call("sendAnimation", { ...visual, animation: file } satisfies Payload<"sendAnimation">)
    case "audio":
      return call("sendAudio", { ...base, audio: file } satisfies Payload<"sendAudio">)
    case "voice":
      return call("sendVoice", { ...base, voice: file } satisfies Payload<"sendVoice">)
    case "document":
      return call("sendDocument", { ...base, document: file } satisfies Payload<"sendDocument">)
    case "video_note":
      // Telegram fetches no round video by address: as a plain video it still arrives.
      return "url" in media
        ? call("sendVideo", { ...visual, video: file } satisfies Payload<"sendVideo">)
        : call("sendVideoNote", { ...plain, video_note: file } satisfies Payload<"sendVideoNote">)
  }
}

/** Photos and videos mix in an album, audio and documents only with their like, the rest never. */
const albumClass: Readonly<Record<MediaKind, string | undefined>> = {
  photo: "visual",
  video: "visual",
  audio: "audio",
  document: "document",
  animation: undefined,
  voice: undefined,
  video_note: undefined
}

const maxAlbum = 10

export const isAlbum = (content: ComposableContent, media: ReadonlyArray<SendableMedia>): boolean => {
  const [first] = media
  if (first === undefined || content.layout === "separate" || media.length < 2 || media.length > maxAlbum) return false
  const wanted = albumClass[first.kind]
  return wanted !== undefined && media.every((one) => albumClass[one.kind] === wanted)
}

type AlbumItem = InputMediaPhoto | InputMediaVideo | InputMediaAudio | InputMediaDocument

export const albumCall = (look: Look, media: ReadonlyArray<SendableMedia>): TelegramCall => ({
  kind: "album",
  method: "sendMediaGroup",
  payload: { ...sharedBy(look), media: media.map((one) => albumItem(one, look.content.spoiler === true)) },
  ...(media.some(isCold) ? { cold: true } : {})
})

const albumItem = (media: SendableMedia, hidden: boolean): AlbumItem => {
  const spoiler = hidden ? { has_spoiler: true } : {}
  const file = fileOf(media)
  if (media.kind === "photo") return { type: "photo", media: file, ...spoiler }
  if (media.kind === "video") return { type: "video", media: file, ...spoiler }
  return { type: media.kind === "audio" ? "audio" : "document", media: file }
}

/** The same call without formatting: for the one time that Telegram refuses the entities. */
export const plainText = (call: TelegramCall): TelegramCall => {
  const { parse_mode: _, ...payload } = call.payload
  const bare = (key: string) => (typeof payload[key] === "string" ? { [key]: stripHtml(payload[key]) } : {})
  return { ...call, payload: { ...payload, ...bare("text"), ...bare("caption") } }
}

/**
 * What is left of a call whose media Telegram refuses: its words and buttons as a message of their own. Nothing for an
 * album or a medium without words; what belongs to it follows as the next call.
 */
export const withoutMedia = (call: TelegramCall): TelegramCall | undefined => {
  const { caption, chat_id, parse_mode, protect_content, reply_markup } = call.payload
  if (typeof caption !== "string" || caption === "") return undefined
  const present = Object.entries({ parse_mode, protect_content, reply_markup }).filter(
    ([, value]) => value !== undefined
  )
  return { kind: "text", method: "sendMessage", payload: { chat_id, text: caption, ...Object.fromEntries(present) } }
}
