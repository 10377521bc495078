import { htmlLength, isBlank, repairHtml, stripHtml } from "../domain/html.ts"
import { maxBytes, splitHtml } from "../domain/split.ts"
import { fillHtml, type Variables } from "../domain/variables.ts"
import { albumCall, isAlbum, type Look, mediaCall, textCall } from "./calls.ts"
import { keyboardOf, type Offers } from "./keyboard.ts"
import {
  type ComposableContent,
  isReference,
  type Keyboard,
  type SendableMedia,
  type TelegramCall
} from "./telegramCall.ts"

export type { Variables } from "../domain/variables.ts"
export type { ComposableContent, MediaReference, SendableMedia, TelegramCall } from "./telegramCall.ts"
export { referencesOf, resolveMedia } from "./telegramCall.ts"
export { plainText, withoutMedia } from "./calls.ts"

export interface ComposeContext extends Offers {
  readonly chatId: number | string
}

const maxText = 4_096
const maxCaption = 1_024

/** An album carries no buttons, and buttons need a text to stand under. */
const pointer = "👇"

/**
 * The calls that bring one message to one person, in their order. Text rides on a single media as its caption when it
 * fits, several media of a kind travel as an album, buttons stand under the last message. A media still unresolved is
 * left out, so that the words reach the buyer all the same.
 */
export const compose = (
  content: ComposableContent,
  variables: Variables,
  context: ComposeContext
): ReadonlyArray<TelegramCall> => {
  const text = textOf(content, variables)
  const keyboard = keyboardOf(content, variables, context)
  const look: Look = { chatId: context.chatId, content }
  const media = (content.media ?? []).filter((one): one is SendableMedia => !isReference(one))
  const [first] = media

  if (first === undefined) {
    return text !== ""
      ? textCalls(look, text, keyboard)
      : keyboard === undefined
        ? []
        : [textCall(look, pointer, keyboard)]
  }
  const carries = media.length === 1 && content.caption !== "none" && first.kind !== "video_note"
  if (text !== "" && carries && fits(text, maxCaption)) return [mediaCall(look, first, text, keyboard)]

  const album = isAlbum(content, media)
  if (text !== "") {
    const before = album ? [albumCall(look, media)] : media.map((one) => mediaCall(look, one, "", undefined))
    return [...before, ...textCalls(look, text, keyboard)]
  }
  if (!album) {
    return media.map((one, index) => mediaCall(look, one, "", index === media.length - 1 ? keyboard : undefined))
  }
  return keyboard === undefined ? [albumCall(look, media)] : [albumCall(look, media), textCall(look, pointer, keyboard)]
}

const textCalls = (look: Look, html: string, keyboard: Keyboard): ReadonlyArray<TelegramCall> => {
  if (fits(html, maxText)) return [textCall(look, html, keyboard)]
  const parts = splitHtml(html, maxText)
  return parts.map((part, index) => textCall(look, part, index === parts.length - 1 ? keyboard : undefined))
}

/** Characters after parsing are never more than before, nor bytes more than three per code unit. */
const fits = (html: string, limit: number): boolean =>
  (html.length <= limit || htmlLength(html) <= limit) &&
  (html.length * 3 <= maxBytes || Buffer.byteLength(html) <= maxBytes)

interface Template {
  readonly html: string
  /** It has words of its own: whatever the variables hold, the message is not empty. */
  readonly hasWords: boolean
}

// A content lives as long as the bot's configuration and is composed for every recipient: read its HTML once.
const templates = new WeakMap<object, Template>()

const templateOf = (content: ComposableContent): Template => {
  const known = templates.get(content)
  if (known !== undefined) return known
  const html = repairHtml(content.text ?? "")
  const template = { html, hasWords: !isBlank(stripHtml(html).replace(/\{\w+\}/g, "")) }
  templates.set(content, template)
  return template
}

const textOf = (content: ComposableContent, variables: Variables): string => {
  const { hasWords, html } = templateOf(content)
  const text = fillHtml(html, variables)
  return hasWords || !isBlank(stripHtml(text)) ? text : ""
}
