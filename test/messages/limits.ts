import type { InlineKeyboardButton } from "grammy/types"
import { codePoints, isBlank, parseHtml, stripHtml } from "../../src/domain/html.ts"
import type { TelegramCall } from "../../src/messages/compose.ts"

const spans: Record<string, string> = {
  sendPhoto: "photo",
  sendVideo: "video",
  sendAnimation: "animation",
  sendAudio: "audio",
  sendVoice: "voice",
  sendDocument: "document",
  sendVideoNote: "video_note"
}
const albums: Record<string, string> = { photo: "visual", video: "visual", audio: "audio", document: "document" }

/** Everything in a call that the Bot API would refuse (its reference, methods and limits), in words. */
export const breaches = (call: TelegramCall): ReadonlyArray<string> => {
  const { payload } = call
  const found: Array<string> = []
  const check = (holds: boolean, what: string) => {
    if (!holds) found.push(`${call.method}: ${what}`)
  }
  const html = (value: unknown, limit: number, what: string) => {
    const text = String(value)
    const visible = payload["parse_mode"] === "HTML" ? stripHtml(text) : text
    check(!isBlank(visible), `${what} is empty`)
    check(codePoints(visible) <= limit, `${what} is too long`)
    check(Buffer.byteLength(text) <= 32_768, `${what} has too many bytes`)
    check(text.isWellFormed(), `${what} is not well-formed`)
    if (payload["parse_mode"] === "HTML") check(parseHtml(text).problems.length === 0, `${what} does not parse`)
  }

  if (call.kind === "text") {
    check(call.method === "sendMessage", "is not a text method")
    html(payload["text"], 4_096, "text")
  } else if (call.kind === "media") {
    const field = spans[call.method]
    check(field !== undefined && payload[field] !== undefined && payload[field] !== "", "has no media")
    if ("caption" in payload) html(payload["caption"], 1_024, "caption")
    if (call.method === "sendVideoNote") {
      check(!("caption" in payload), "a video note has no caption")
      check(!/^https?:/.test(String(payload["video_note"])), "a video note does not go by address")
    }
    const visual = ["sendPhoto", "sendVideo", "sendAnimation"].includes(call.method)
    check(visual || !("has_spoiler" in payload), "cannot be hidden")
    check(visual || !("show_caption_above_media" in payload), "has no caption above")
  } else {
    const media = payload["media"] as ReadonlyArray<{ readonly type: string; readonly media: unknown }>
    check(media.length >= 2 && media.length <= 10, "is no album")
    check(new Set(media.map((item) => albums[item.type] ?? item.type)).size === 1, "mixes kinds")
    check(
      media.every((item) => albums[item.type] !== undefined && Boolean(item.media)),
      "holds what no album holds"
    )
    check(!("reply_markup" in payload), "an album has no buttons")
  }

  const markup = payload["reply_markup"] as { readonly inline_keyboard: Array<Array<InlineKeyboardButton>> } | undefined
  if (markup !== undefined) {
    check(markup.inline_keyboard.flat().length <= 100, "has too many buttons")
    for (const row of markup.inline_keyboard) {
      check(row.length >= 1 && row.length <= 8, "has a row of the wrong length")
      for (const button of row) found.push(...buttonBreaches(button).map((what) => `${call.method}: ${what}`))
    }
  }
  return found
}

const buttonBreaches = (button: InlineKeyboardButton): ReadonlyArray<string> => {
  const found: Array<string> = []
  if (isBlank(button.text)) found.push("a button without words")
  if (Object.keys(button).length !== 2) found.push("a button with more than one action")
  if ("callback_data" in button) {
    const bytes = Buffer.byteLength(button.callback_data)
    if (bytes < 1 || bytes > 64) found.push("callback data of the wrong size")
  } else if ("url" in button) {
    if (!/^(https?|tg):\/\//i.test(button.url) || !URL.canParse(button.url)) found.push("a button with a bad address")
  } else if ("copy_text" in button) {
    const length = codePoints(button.copy_text.text)
    if (length < 1 || length > 256) found.push("a text to copy of the wrong length")
  } else found.push("a button without an action")
  return found
}
