import type { ChatState, Entry } from "./Bot.ts"
import type { Button, Entity } from "./wire.ts"

/** A message as the person sees it now. */
export interface VisibleMessage {
  readonly messageId: number
  readonly from: "bot" | "person"
  readonly date: number
  readonly edited: boolean
  /** The text, or the caption of a medium. */
  readonly text: string
  readonly entities: ReadonlyArray<Entity>
  readonly media: VisibleMedia | undefined
  /** Messages of one album share it. */
  readonly albumId: string | undefined
  readonly buttons: ReadonlyArray<ReadonlyArray<Button>>
  readonly protected: boolean
}

export interface VisibleMedia {
  readonly kind: string
  readonly fileId: string
  readonly uniqueId: string
  readonly source: "upload" | "url" | "file_id"
  readonly url: string | undefined
  readonly filename: string | undefined
  readonly spoiler: boolean
}

/** The visible messages of a chat, oldest first. */
export const visibleMessages = (chat: ChatState): ReadonlyArray<VisibleMessage> =>
  [...chat.messages.values()].map(visible)

const visible = ({ message, byBot, file }: Entry): VisibleMessage => ({
  messageId: message.message_id,
  from: byBot ? "bot" : "person",
  date: message.date,
  edited: message.edit_date !== undefined,
  text: message.text ?? message.caption ?? "",
  entities: message.entities ?? message.caption_entities ?? [],
  media:
    file === undefined
      ? undefined
      : {
          kind: file.kind,
          fileId: file.fileId,
          uniqueId: file.uniqueId,
          source: file.source,
          url: file.url,
          filename: file.upload?.filename,
          spoiler: message.has_media_spoiler === true
        },
  albumId: message.media_group_id,
  buttons: message.reply_markup?.inline_keyboard ?? [],
  protected: message.has_protected_content === true
})
