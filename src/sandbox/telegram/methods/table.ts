import { sendMediaGroup } from "./album.ts"
import {
  deleteMessage,
  editMessageCaption,
  editMessageMedia,
  editMessageReplyMarkup,
  editMessageText
} from "./editing.ts"
import {
  answerJoinRequest,
  banChatMember,
  createChatInviteLink,
  getChat,
  getChatMember,
  revokeChatInviteLink,
  unbanChatMember
} from "./members.ts"
import type { Method } from "./Method.ts"
import { sendChatAction, sendMedia, sendMessage } from "./sending.ts"
import {
  answerCallbackQuery,
  deleteWebhook,
  getMe,
  getUpdates,
  getWebhookInfo,
  setMyCommands,
  setWebhook
} from "./setup.ts"

const METHODS: Record<string, Method> = {
  getMe,
  setWebhook,
  deleteWebhook,
  getWebhookInfo,
  getUpdates,
  sendMessage,
  sendPhoto: sendMedia("photo"),
  sendVideo: sendMedia("video"),
  sendAudio: sendMedia("audio"),
  sendVoice: sendMedia("voice"),
  sendDocument: sendMedia("document"),
  sendAnimation: sendMedia("animation"),
  sendVideoNote: sendMedia("video_note"),
  sendMediaGroup,
  editMessageText,
  editMessageCaption,
  editMessageReplyMarkup,
  editMessageMedia,
  deleteMessage,
  answerCallbackQuery,
  sendChatAction,
  setMyCommands,
  createChatInviteLink,
  approveChatJoinRequest: answerJoinRequest(true),
  declineChatJoinRequest: answerJoinRequest(false),
  revokeChatInviteLink,
  banChatMember,
  unbanChatMember,
  getChat,
  getChatMember
}

export interface NamedMethod {
  readonly name: string
  readonly run: Method
}

const BY_LOWER_NAME = new Map(
  Object.entries(METHODS).map(([name, run]): [string, NamedMethod] => [name.toLowerCase(), { name, run }])
)

/** Method names are read without regard to case, as Telegram does. */
export const findMethod = (name: string): NamedMethod | undefined => BY_LOWER_NAME.get(name.toLowerCase())
