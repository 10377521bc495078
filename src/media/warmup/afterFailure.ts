import { complaintOf } from "../../messages/complaints.ts"
import type { UploadError } from "../Attachments.ts"

export type AfterFailure =
  /** The group has another id now. */
  | { readonly _tag: "Moved"; readonly chatId: number }
  /** Nobody's fault: Telegram wants a pause. */
  | { readonly _tag: "Later"; readonly seconds: number }
  /** `everyFile`: the chat or the bot is the matter, so the next file would fare no better. */
  | { readonly _tag: "Failed"; readonly error: string; readonly seconds: number; readonly everyFile: boolean }

const backoffSeconds = [10, 30, 60, 300, 900, 3_600, 21_600]
const backoff = (attempts: number): number => backoffSeconds[Math.min(attempts, backoffSeconds.length - 1)] ?? 21_600

// Somebody has to put these right; a change of the bot is a reason to look sooner.
const chatSeconds = 600
const fileSeconds = 3_600

/** What follows from a file that did not get into the warm-up chat. */
export const afterFailure = (error: UploadError, attempts: number): AfterFailure => {
  switch (error._tag) {
    case "SqlError":
      return { _tag: "Later", seconds: 5 }
    case "MediaStoreError":
      return {
        _tag: "Failed",
        error: sentence(error.message),
        seconds: error.retryable ? backoff(attempts) : Math.max(fileSeconds, backoff(attempts)),
        everyFile: false
      }
    case "TelegramError":
      return afterRefusal(error, attempts)
  }
}

const afterRefusal = (
  error: Extract<UploadError, { readonly _tag: "TelegramError" }>,
  attempts: number
): AfterFailure => {
  const { reason } = error
  switch (reason._tag) {
    case "RateLimited":
      return { _tag: "Later", seconds: reason.retryAfterSeconds }
    case "Migrated":
      return { _tag: "Moved", chatId: reason.chatId }
    case "Ambiguous":
    case "Unreachable":
      return { _tag: "Failed", error: complaintOf(error), seconds: backoff(attempts), everyFile: false }
    case "Gone":
    case "BotUnusable":
      return { _tag: "Failed", error: complaintOf(error), seconds: chatSeconds, everyFile: true }
    default: {
      const ofChat = /rights|CHAT_|forbidden/i.test(error.description)
      return {
        _tag: "Failed",
        error: complaintOf(error),
        seconds: ofChat ? chatSeconds : Math.max(fileSeconds, backoff(attempts)),
        everyFile: ofChat
      }
    }
  }
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
