import type { InlineKeyboardButton } from "grammy/types"
import { encodeOptOut, encodePlan, type SourceRef } from "../domain/callback.ts"
import type { Button, MessageContent } from "../domain/content.ts"
import { codePoints } from "../domain/html.ts"
import { formatBrl, isBlank, sanitiseText } from "../domain/text.ts"
import { fillPlain, fillUrl, type Variables } from "../domain/variables.ts"
import { texts } from "./texts.ts"
import type { Keyboard } from "./telegramCall.ts"

export interface Offers {
  /** The plan's price now; nothing for a plan that is not on sale, whose buttons are then left out. */
  readonly planPrice?: (planId: number) => number | undefined
  readonly planName?: (planId: number) => string | undefined
  /** Where the buttons stand; goes into the tap's data. */
  readonly source?: SourceRef | undefined
}

const maxRow = 8
const maxButtons = 100
const maxText = 128
const maxCopyText = 256

/** The buttons under a message, or nothing when none is left. */
export const keyboardOf = (
  content: Pick<MessageContent, "buttons" | "opt_out">,
  variables: Variables,
  offers: Offers
): Keyboard => {
  const rows: Array<Array<InlineKeyboardButton>> = []
  let room = content.opt_out === true ? maxButtons - 1 : maxButtons
  for (const row of content.buttons ?? []) {
    const buttons = row.flatMap((button) => toInline(button, variables, offers)).slice(0, room)
    room -= buttons.length
    for (let at = 0; at < buttons.length; at += maxRow) rows.push(buttons.slice(at, at + maxRow))
  }
  if (content.opt_out === true) rows.push([{ text: texts.optOutButton, callback_data: encodeOptOut }])
  return rows.length === 0 ? undefined : { inline_keyboard: rows }
}

const toInline = (button: Button, variables: Variables, offers: Offers): ReadonlyArray<InlineKeyboardButton> => {
  if ("url" in button) {
    const url = fillUrl(button.url, variables)
    return /^(https?|tg):\/\//i.test(url) && URL.canParse(url)
      ? [{ text: label(button.text, variables, "Abrir"), url }]
      : []
  }
  if ("copy_text" in button) {
    const text = fillPlain(button.copy_text, variables)
    const fits = text !== "" && codePoints(text) <= maxCopyText
    return fits ? [{ text: label(button.text, variables, "Copiar"), copy_text: { text } }] : []
  }
  const listPrice = offers.planPrice?.(button.plan_id)
  if (offers.planPrice !== undefined && listPrice === undefined) return []
  const price = button.price_cents ?? listPrice
  const name = offers.planName?.(button.plan_id) ?? variables.plano ?? ""
  const plan = { ...variables, plano: name, valor: price === undefined ? (variables.valor ?? "") : formatBrl(price) }
  return [
    {
      text: label(button.text, plan, isBlank(name) ? "Comprar" : name),
      callback_data: encodePlan({ planId: button.plan_id, priceCents: button.price_cents, source: offers.source })
    }
  ]
}

/** One line of plain text, never empty: Telegram refuses a button without words. */
const label = (text: string, variables: Variables, fallback: string): string => {
  const filled = sanitiseText(fillPlain(text, variables)).replace(/\s+/g, " ").trim()
  const words = isBlank(filled) ? fallback : filled
  return words.length <= maxText ? words : Array.from(words).slice(0, maxText).join("")
}
