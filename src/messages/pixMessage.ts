import { InputFile } from "grammy"
import type { Bot } from "../domain/bot.ts"
import { encodeVerify } from "../domain/callback.ts"
import { htmlLength } from "../domain/text.ts"
import { compose, type TelegramCall, type Variables } from "./compose.ts"
import { withLibrary } from "./library.ts"
import { qrPng } from "./qr.ts"
import { texts } from "./texts.ts"

export interface PixMessage {
  readonly bot: Bot
  readonly chatId: number
  readonly paymentId: number
  readonly pixCode: string
  /** Its QR code, where it was made ahead. */
  readonly picture?: Buffer | undefined
  readonly variables: Variables
  /** The gateway's mandatory notice and the seller's own, in this order. */
  readonly notices: ReadonlyArray<string>
}

const captionLimit = 1024
// copy_text holds at most 256 characters (facts/telegram, section 5); a longer code is copied by a tap on <code>.
const copyTextLimit = 256

/**
 * What a buyer gets for a charge: the seller's own `pix` message if there is one, the QR picture with the notices
 * (before the code: PushinPay's terms, 4.10), then the code to copy with its buttons.
 */
export const composePix = (pix: PixMessage): ReadonlyArray<TelegramCall> => {
  const own = pix.bot.messages.get("pix")
  const context = { chatId: pix.chatId }
  const notices = pix.notices.map((notice) => `<i>${notice}</i>`)
  const caption = [...(own === undefined ? [texts.pixCaption] : []), ...notices].join("\n\n")
  const intro = own === undefined ? [] : compose(withLibrary(pix.bot, own), pix.variables, context)
  const [words] = caption === "" ? [] : compose({ text: caption }, pix.variables, context)
  const captionHtml = words === undefined ? "" : String(words.payload["text"] ?? "")
  const fits = htmlLength(captionHtml) <= captionLimit
  const photo: TelegramCall = {
    method: "sendPhoto",
    kind: "media",
    payload: {
      chat_id: pix.chatId,
      photo: new InputFile(pix.picture ?? qrPng(pix.pixCode), "pix.png"),
      ...(fits && captionHtml !== "" ? { caption: captionHtml, parse_mode: "HTML" } : {})
    }
  }
  return [...intro, ...(fits || words === undefined ? [] : [words]), photo, codeMessage(pix)]
}

const codeMessage = (pix: PixMessage): TelegramCall => {
  const copy =
    pix.pixCode.length <= copyTextLimit ? [[{ text: texts.copyButton, copy_text: { text: pix.pixCode } }]] : []
  return {
    method: "sendMessage",
    kind: "text",
    payload: {
      chat_id: pix.chatId,
      text: `${texts.pixCode}\n\n<code>${pix.pixCode}</code>`,
      parse_mode: "HTML",
      reply_markup: {
        inline_keyboard: [...copy, [{ text: texts.verifyButton, callback_data: encodeVerify(pix.paymentId) }]]
      }
    }
  }
}
