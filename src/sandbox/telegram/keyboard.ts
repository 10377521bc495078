import type { Params } from "../http/body.ts"
import { linkProblem } from "../http/links.ts"
import { isRecord, structureOf } from "./params.ts"
import { badRequest } from "./Refusal.ts"
import type { Button, Keyboard } from "./wire.ts"

const MAX_BUTTONS = 100
const ACTIONS = [
  "url",
  "callback_data",
  "copy_text",
  "web_app",
  "login_url",
  "switch_inline_query",
  "switch_inline_query_current_chat",
  "switch_inline_query_chosen_chat",
  "callback_game",
  "pay"
] as const

/** Checks `reply_markup` and answers the inline keyboard, the only kind that a message shows again in answers. */
export const keyboardOf = (params: Params): Keyboard | undefined => {
  const markup = structureOf(params, "reply_markup", "reply keyboard markup")
  if (markup === undefined) return undefined
  if (!isRecord(markup)) throw badRequest("object expected as reply markup")
  if (markup.inline_keyboard !== undefined) return inlineKeyboard(markup.inline_keyboard)
  if (markup.keyboard !== undefined && !Array.isArray(markup.keyboard)) {
    throw badRequest('field "keyboard" must be of type Array')
  }
  for (const flag of ["force_reply", "remove_keyboard"]) {
    if (markup[flag] !== undefined && typeof markup[flag] !== "boolean") {
      throw badRequest(`field "${flag}" must be of type Boolean`)
    }
  }
  return undefined
}

const inlineKeyboard = (rows: unknown): Keyboard | undefined => {
  if (!Array.isArray(rows)) throw badRequest('field "inline_keyboard" must be of type Array')
  let count = 0
  for (const row of rows as ReadonlyArray<unknown>) {
    if (!Array.isArray(row)) throw badRequest("inline keyboard row must be an Array")
    for (const button of row as ReadonlyArray<unknown>) checkButton(button)
    count += row.length
  }
  if (count > MAX_BUTTONS) throw badRequest("reply markup is too long")
  const filled = (rows as ReadonlyArray<ReadonlyArray<Button>>).filter((row) => row.length > 0)
  return filled.length === 0 ? undefined : { inline_keyboard: filled }
}

const cannotParse = (why: string) => badRequest(`can't parse inline keyboard button: ${why}`)

const checkButton = (value: unknown): void => {
  if (!isRecord(value)) throw cannotParse("InlineKeyboardButton must be an Object")
  if (value.text === undefined) throw cannotParse(`Can't find field "text"`)
  if (typeof value.text !== "string") throw cannotParse(`Field "text" must be of type String`)
  if (value.text.trim() === "") throw badRequest("REPLY_MARKUP_INVALID")
  const actions = ACTIONS.filter((action) => value[action] !== undefined && value[action] !== "")
  if (actions.length === 0) throw cannotParse("Text buttons are unallowed in the inline keyboard")
  // Telegram itself silently takes the first action; its reference demands exactly one, and a lost action is a bug.
  if (actions.length > 1) throw cannotParse("Exactly one action must be specified")
  checkAction(actions[0]!, value)
}

const checkAction = (action: (typeof ACTIONS)[number], button: Record<string, unknown>): void => {
  const value = button[action]
  if (action === "callback_data") {
    if (typeof value !== "string") throw cannotParse(`Field "callback_data" must be of type String`)
    if (Buffer.byteLength(value) > 64) throw badRequest("BUTTON_DATA_INVALID")
  } else if (action === "url") {
    const problem = linkProblem(String(value))
    if (problem !== undefined) throw badRequest(`inline keyboard button URL '${String(value)}' is invalid: ${problem}`)
  } else if (action === "copy_text") {
    const text = isRecord(value) ? value.text : undefined
    if (typeof text !== "string") throw cannotParse(`Can't find field "text"`)
    if (text === "" || [...text].length > 256) throw badRequest("BUTTON_COPY_TEXT_INVALID")
  } else if (action === "web_app") {
    const url = isRecord(value) ? String(value.url) : ""
    if (!url.startsWith("https://")) {
      throw badRequest(`inline keyboard button Web App URL '${url}' is invalid: Only HTTPS links are allowed`)
    }
  } else if (action === "pay" || action === "callback_game") {
    throw badRequest("BUTTON_TYPE_INVALID")
  }
}
