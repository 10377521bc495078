import type { TelegramCall } from "../../messages/telegramCall.ts"
import { itemsOf } from "./places.ts"

// What can stand under an empty message with buttons; as in compose.
const pointer = "👇"

const methods: Readonly<Record<string, string>> = {
  photo: "sendPhoto",
  video: "sendVideo",
  audio: "sendAudio",
  document: "sendDocument"
}

/**
 * A call without some of its files: the words and buttons reach the buyer all the same, in the same number of calls or
 * fewer. Nothing when nothing is left.
 */
export const leaveOut = (call: TelegramCall, missing: ReadonlySet<number>): TelegramCall | undefined => {
  if (missing.size === 0) return call
  return call.kind === "album" ? withoutItems(call, missing) : wordsOf(call)
}

const wordsOf = ({ payload }: TelegramCall): TelegramCall | undefined => {
  const { caption, parse_mode, reply_markup } = payload
  if (caption === undefined && reply_markup === undefined) return undefined
  return {
    kind: "text",
    method: "sendMessage",
    payload: {
      ...sharedBy(payload),
      text: caption ?? pointer,
      ...(parse_mode === undefined ? {} : { parse_mode }),
      ...(reply_markup === undefined ? {} : { reply_markup })
    }
  }
}

/** Albums of ours carry neither words nor buttons. One item alone is no album. */
const withoutItems = (call: TelegramCall, missing: ReadonlySet<number>): TelegramCall | undefined => {
  const items = itemsOf(call).filter((_, index) => !missing.has(index))
  const [first, second] = items
  if (first === undefined) return undefined
  if (second !== undefined) return { ...call, payload: { ...call.payload, media: items } }
  const { media, type, ...look } = first
  return {
    kind: "media",
    method: methods[type] ?? "sendDocument",
    payload: { ...sharedBy(call.payload), ...look, [type]: media }
  }
}

const sharedBy = ({ allow_paid_broadcast, chat_id, protect_content }: TelegramCall["payload"]) => ({
  chat_id,
  ...(protect_content === undefined ? {} : { protect_content }),
  ...(allow_paid_broadcast === undefined ? {} : { allow_paid_broadcast })
})
