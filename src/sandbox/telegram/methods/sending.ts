import { demandWriteAccess, keep, nextMessageId, nowSeconds } from "../chats.ts"
import type { ChatState } from "../Bot.ts"
import { keyboardOf } from "../keyboard.ts"
import { mediaFields, type MediaFile, resolveMedia } from "../media.ts"
import { flagOf, integerOf, isRecord, structureOf, textOf } from "../params.ts"
import { badRequest } from "../Refusal.ts"
import { captionText, messageText } from "../text.ts"
import type { Formatted, Keyboard, MediaKind, Message } from "../wire.ts"
import { type CallContext, chatOf, type Method, sourcesOf } from "./Method.ts"

export const sendMessage: Method = (call) => {
  const { text, entities } = messageText(call.params)
  const markup = keyboardOf(call.params)
  const chat = writableChat(call)
  const preview = structureOf(call.params, "link_preview_options", "link preview options")
  const content = {
    text,
    ...(entities.length === 0 ? {} : { entities }),
    ...(isRecord(preview) ? { link_preview_options: preview } : {})
  }
  return post(call, chat, content, markup, undefined)
}

/** sendPhoto, sendVideo and their like. */
export const sendMedia =
  (kind: MediaKind): Method =>
  (call) => {
    const caption = kind === "video_note" ? { text: "", entities: [] } : captionText(call.params)
    const markup = keyboardOf(call.params)
    const file = resolveMedia(sourcesOf(call), kind, textOf(call.params, kind), kind)
    const chat = writableChat(call)
    return post(call, chat, { ...mediaFields(file), ...captionFields(caption), ...styleFields(call) }, markup, file)
  }

export const sendChatAction: Method = (call) => {
  const actions =
    /^(typing|upload_(photo|video|voice|document|video_note)|record_(video|voice|video_note)|choose_sticker|find_location)$/
  if (!actions.test(textOf(call.params, "action"))) throw badRequest("wrong parameter action in request")
  demandWriteAccess(call.world, call.bot, chatOf(call))
  return true
}

/** The chat of a sending call: known, writable, and with the message that is replied to. */
export const writableChat = (call: CallContext): ChatState => {
  const { world, bot, params } = call
  const chat = chatOf(call)
  demandWriteAccess(world, bot, chat)
  const reply = structureOf(params, "reply_parameters", "reply parameters")
  const target = isRecord(reply) ? Number(reply.message_id) : integerOf(params, "reply_to_message_id")
  if (target === undefined || !world.settings.transcripts || chat.messages.has(target)) return chat
  const optional = isRecord(reply)
    ? reply.allow_sending_without_reply === true
    : flagOf(params, "allow_sending_without_reply")
  if (!optional) throw badRequest("message to be replied not found")
  return chat
}

/** Puts a new message of the bot into the chat and answers it as Telegram does. */
export const post = (
  call: CallContext,
  chat: ChatState,
  content: Record<string, unknown>,
  markup: Keyboard | undefined,
  file: MediaFile | undefined
): Message => {
  const { world, bot, params } = call
  const inChannel = chat.wire.type === "channel"
  const message: Message = {
    message_id: nextMessageId(world, bot, chat),
    ...(inChannel ? { sender_chat: chat.wire } : { from: bot.user }),
    chat: chat.wire,
    date: nowSeconds(),
    ...replyOf(call, chat),
    ...content,
    ...(flagOf(params, "protect_content") ? { has_protected_content: true } : {}),
    ...(params.message_effect_id === undefined ? {} : { effect_id: textOf(params, "message_effect_id") }),
    ...(markup === undefined ? {} : { reply_markup: markup })
  }
  if (file?.upload !== undefined) world.uploads.put(file.uniqueId, file.upload)
  keep(world, bot, chat, message, { byBot: true, file })
  return message
}

export const captionFields = ({ text, entities }: Formatted): Record<string, unknown> => ({
  ...(text === "" ? {} : { caption: text }),
  ...(entities.length === 0 ? {} : { caption_entities: entities })
})

const styleFields = ({ params }: CallContext): Record<string, unknown> => ({
  ...(flagOf(params, "has_spoiler") ? { has_media_spoiler: true } : {}),
  ...(flagOf(params, "show_caption_above_media") ? { show_caption_above_media: true } : {})
})

const replyOf = ({ params }: CallContext, chat: ChatState): Record<string, unknown> => {
  const reply = structureOf(params, "reply_parameters", "reply parameters")
  const target = isRecord(reply) ? Number(reply.message_id) : integerOf(params, "reply_to_message_id")
  const message = target === undefined ? undefined : chat.messages.get(target)?.message
  if (message === undefined) return {}
  // Telegram does not nest replies of replies.
  const { reply_to_message: _, ...shown } = message
  return { reply_to_message: shown }
}
