import type { Bot } from "../domain/bot.ts"
import { type BotLibrary, nameOfMedia } from "../domain/botMedia.ts"
import type { MessageContent } from "../domain/content.ts"
import {
  type ComposableContent,
  isReference,
  type MediaReference,
  resolveMedia,
  type SendableMedia
} from "./telegramCall.ts"

interface Resolved {
  readonly library: BotLibrary
  readonly content: ComposableContent
}

// A content and a library live until one of them changes, and in between are put together for every recipient.
const known = new WeakMap<MessageContent, Resolved>()

/**
 * A content with what the bot's library knows of its media: ids where Telegram has the file, else the file to be
 * uploaded by whoever sends it first. Memory only.
 */
export const withLibrary = (bot: Pick<Bot, "media">, content: MessageContent): ComposableContent => {
  if (content.media === undefined || !content.media.some(isReference)) return content
  const before = known.get(content)
  if (before !== undefined && before.library === bot.media) return before.content
  const resolved = resolveMedia(content, (media) => find(bot.media, media))
  known.set(content, { library: bot.media, content: resolved })
  return resolved
}

const find = (library: BotLibrary, reference: MediaReference): SendableMedia | undefined => {
  const media = library.get(nameOfMedia(reference))
  if (media === undefined) return undefined
  return media.fileId === undefined ? { kind: media.kind, cold: media } : { kind: media.kind, file_id: media.fileId }
}
