/** The shapes of the Bot API that the stand-in speaks; only the fields it fills. */

export interface User {
  readonly id: number
  readonly is_bot: boolean
  readonly first_name: string
  readonly last_name?: string
  readonly username?: string
  readonly language_code?: string
  readonly is_premium?: boolean
}

export interface Chat {
  readonly id: number
  readonly type: "private" | "group" | "supergroup" | "channel"
  readonly title?: string
  readonly username?: string
  readonly first_name?: string
  readonly last_name?: string
}

export interface Entity {
  readonly type: string
  readonly offset: number
  readonly length: number
  readonly url?: string
  readonly language?: string
  readonly custom_emoji_id?: string
}

export interface Formatted {
  readonly text: string
  readonly entities: ReadonlyArray<Entity>
}

export interface Button {
  readonly text: string
  readonly callback_data?: string
  readonly url?: string
  readonly copy_text?: { readonly text: string }
  readonly [action: string]: unknown
}

export interface Keyboard {
  readonly inline_keyboard: ReadonlyArray<ReadonlyArray<Button>>
}

export type MediaKind = "photo" | "video" | "audio" | "voice" | "document" | "animation" | "video_note"

export interface Message {
  readonly message_id: number
  readonly from?: User
  readonly sender_chat?: Chat
  readonly chat: Chat
  readonly date: number
  readonly edit_date?: number
  readonly media_group_id?: string
  readonly text?: string
  readonly entities?: ReadonlyArray<Entity>
  readonly caption?: string
  readonly caption_entities?: ReadonlyArray<Entity>
  readonly reply_markup?: Keyboard
  readonly [field: string]: unknown
}

export interface InviteLink {
  readonly invite_link: string
  readonly creator: User
  readonly creates_join_request: boolean
  readonly is_primary: boolean
  readonly is_revoked: boolean
  readonly name?: string
  readonly expire_date?: number
  readonly member_limit?: number
}

export const UPDATE_TYPES = [
  "message",
  "edited_message",
  "channel_post",
  "edited_channel_post",
  "inline_query",
  "chosen_inline_result",
  "callback_query",
  "shipping_query",
  "pre_checkout_query",
  "poll",
  "poll_answer",
  "my_chat_member",
  "chat_member",
  "chat_join_request",
  "message_reaction",
  "message_reaction_count"
] as const

export type UpdateType = (typeof UPDATE_TYPES)[number]

export interface Update {
  readonly update_id: number
  readonly [type: string]: unknown
}
