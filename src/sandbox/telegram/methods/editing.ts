import { isDeepStrictEqual } from "node:util"
import type { ChatState, Entry } from "../Bot.ts"
import { demandWriteAccess, keep, nowSeconds, touch } from "../chats.ts"
import { keyboardOf } from "../keyboard.ts"
import { mediaFields, type MediaFile, resolveMedia } from "../media.ts"
import { integerOf, structureOf, textOf } from "../params.ts"
import { badRequest } from "../Refusal.ts"
import { captionText, messageText } from "../text.ts"
import type { MediaKind, Message } from "../wire.ts"
import { inputMedia } from "./album.ts"
import { type CallContext, chatOf, type Method, sourcesOf } from "./Method.ts"
import { captionFields } from "./sending.ts"

const MEDIA_FIELDS = ["photo", "video", "audio", "voice", "document", "animation", "video_note"] as const
const DELETABLE_SECONDS = 48 * 3600

export const editMessageText: Method = (call) => {
  const { text, entities } = messageText(call.params)
  const { entry, chat } = editable(call)
  if (entry.file !== undefined) throw badRequest("there is no text in the message to edit")
  return apply(call, chat, entry, { text, entities: entities.length === 0 ? undefined : entities }, entry.file)
}

export const editMessageCaption: Method = (call) => {
  const caption = captionText(call.params)
  const { entry, chat } = editable(call)
  if (entry.file === undefined && call.world.settings.transcripts) {
    throw badRequest("there is no caption in the message to edit")
  }
  return apply(
    call,
    chat,
    entry,
    { caption: undefined, caption_entities: undefined, ...captionFields(caption) },
    entry.file
  )
}

export const editMessageReplyMarkup: Method = (call) => {
  const { entry, chat } = editable(call)
  return apply(call, chat, entry, {}, entry.file)
}

export const editMessageMedia: Method = (call) => {
  const params = inputMedia(structureOf(call.params, "media", "media"))
  const kind = textOf(params, "type") as MediaKind
  if (!MEDIA_FIELDS.includes(kind) || kind === "voice" || kind === "video_note") {
    throw badRequest("can't parse InputMedia: Unsupported type specified")
  }
  const caption = captionText(params)
  const file = resolveMedia(sourcesOf(call), kind, textOf(params, "media"), "")
  const { entry, chat } = editable(call)
  if (file.upload !== undefined) call.world.uploads.put(file.uniqueId, file.upload)
  const cleared = Object.fromEntries(MEDIA_FIELDS.map((field) => [field, undefined]))
  const blank = { ...cleared, text: undefined, entities: undefined, caption: undefined, caption_entities: undefined }
  return apply(call, chat, entry, { ...blank, ...mediaFields(file), ...captionFields(caption) }, file)
}

export const deleteMessage: Method = (call) => {
  const chat = chatOf(call)
  const id = messageId(call)
  const entry = chat.messages.get(id)
  if (!call.world.settings.transcripts) return true
  if (entry === undefined) throw badRequest("message to delete not found")
  if (nowSeconds() - entry.message.date > DELETABLE_SECONDS) throw badRequest("message can't be deleted for everyone")
  chat.messages.delete(id)
  touch(call.world, call.bot, chat)
  return true
}

const messageId = (call: CallContext): number => {
  const id = integerOf(call.params, "message_id")
  if (id === undefined) throw badRequest("message identifier is not specified")
  return id
}

const editable = (call: CallContext): { readonly chat: ChatState; readonly entry: Entry } => {
  const { world, bot } = call
  const chat = chatOf(call)
  const id = messageId(call)
  demandWriteAccess(world, bot, chat)
  const entry = chat.messages.get(id)
  if (entry !== undefined) {
    if (!entry.byBot) throw badRequest("message can't be edited")
    return { chat, entry }
  }
  if (world.settings.transcripts) throw badRequest("message to edit not found")
  const message = { message_id: id, from: bot.user, chat: chat.wire, date: nowSeconds() }
  return { chat, entry: { message, byBot: true, file: undefined } }
}

/** An edit that leaves out the keyboard takes it away; one that changes nothing is refused. */
const apply = (
  call: CallContext,
  chat: ChatState,
  entry: Entry,
  change: Record<string, unknown>,
  file: MediaFile | undefined
): Message => {
  const { edit_date: _, ...before } = entry.message
  const after = compact({ ...before, ...change, reply_markup: keyboardOf(call.params) })
  if (isDeepStrictEqual(before, after)) {
    throw badRequest(
      "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message"
    )
  }
  const message = { ...after, edit_date: nowSeconds() }
  keep(call.world, call.bot, chat, message, { byBot: true, file })
  return message
}

const compact = (message: Record<string, unknown>): Message =>
  Object.fromEntries(Object.entries(message).filter(([, value]) => value !== undefined)) as unknown as Message
