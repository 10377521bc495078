import type { ResponseParameters } from "grammy/types"
import {
  BadEntities,
  BadFile,
  BotUnusable,
  Gone,
  type GoneWhy,
  Migrated,
  NotModified,
  StaleQuery,
  type TelegramReason
} from "./reasons.ts"

interface Refusal {
  /** Lower case; any of them as a part of the description. Telegram says that descriptions may change. */
  readonly contains: ReadonlyArray<string>
  /** Nothing when a detail is missing: the next row may fit. */
  readonly reason: (description: string, parameters: ResponseParameters) => TelegramReason | undefined
}

const gone = (why: GoneWhy, forGood: boolean, ...contains: ReadonlyArray<string>): Refusal => ({
  contains,
  reason: (description) => new Gone({ why, forGood, description })
})

const badFile = (remedy: BadFile["remedy"], ...contains: ReadonlyArray<string>): Refusal => ({
  contains,
  reason: (description) => new BadFile({ remedy, description })
})

/** 400, 403 and 409 by text (facts/telegram, section 3): the first row that fits decides, so special before general. */
export const refusals: ReadonlyArray<Refusal> = [
  {
    contains: ["upgraded to a supergroup"],
    reason: (description, parameters) =>
      parameters.migrate_to_chat_id === undefined
        ? undefined
        : new Migrated({ chatId: parameters.migrate_to_chat_id, description })
  },
  gone("blocked", false, "bot was blocked by the user", "user_is_blocked"),
  gone("deactivated", true, "user is deactivated", "input_user_deactivated"),
  gone("never_started", false, "bot can't initiate conversation"),
  gone("is_bot", true, "can't send messages to bots", "can't send messages to the bot", "user_is_bot"),
  gone("deleted", true, "group chat was deleted", "group chat was deactivated"),
  gone("kicked", false, "bot was kicked from", "bot is not a member of"),
  gone("unknown_chat", false, "chat not found", "chat_id is empty", "peer_id_invalid"),
  { contains: ["frozen_method_invalid"], reason: (description) => new BotUnusable({ why: "frozen", description }) },
  { contains: ["can't parse entities"], reason: (description) => new BadEntities({ description }) },
  { contains: ["message is not modified"], reason: (description) => new NotModified({ description }) },
  {
    contains: ["query is too old", "query id is invalid"],
    reason: (description) => new StaleQuery({ description })
  },
  badFile("once", "temporarily unavailable", "failed to get http url content"),
  badFile(
    "upload",
    "wrong file identifier",
    "wrong remote file identifier",
    "wrong remote file id",
    "invalid file_id",
    "wrong file_id",
    "wrong type of the web page content",
    "wrong http url specified",
    "webpage_curl_failed",
    "webpage_media_empty"
  ),
  badFile(
    "none",
    "can't use file of type",
    "file is too big",
    "is too big for a photo",
    "photo_invalid_dimensions",
    "unsupported extension",
    "file must be non-empty",
    "image_process_failed"
  )
]
