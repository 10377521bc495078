import type { TelegramReason } from "../../telegram/reasons.ts"
import type { Lane } from "./lane.ts"

/** What has been tried already for one call. */
export interface History {
  /** Connections that did not come about. */
  readonly unreachable: number
  readonly ambiguous: number
  readonly plain: boolean
  readonly file: boolean
  readonly wordsOnly: boolean
  readonly migrated: boolean
}

export const untried: History = {
  unreachable: 0,
  ambiguous: 0,
  plain: false,
  file: false,
  wordsOnly: false,
  migrated: false
}

/** What to do after a call that did not work out. */
export type Step =
  /** As good as sent. */
  | { readonly _tag: "Done" }
  /** Back to the front of its lane, which is paused; gives up there when the pause is longer than its patience. */
  | { readonly _tag: "Pause"; readonly seconds: number }
  /** The same call once more after so long. */
  | { readonly _tag: "Again"; readonly afterMs: number; readonly history: History }
  /** The same without formatting. */
  | { readonly _tag: "Plain"; readonly history: History }
  /** What is left of it without its media. */
  | { readonly _tag: "WordsOnly"; readonly history: History }
  /** The same to the chat's new id. */
  | { readonly _tag: "Move"; readonly chatId: number; readonly history: History }
  /** The bot itself was refused: others have to know. */
  | { readonly _tag: "BotUnusable" }
  | { readonly _tag: "Fail" }

/** Telegram away for a moment is bridged; for longer is the business of the queues. */
const reconnectAfterMs = [300, 1_000, 3_000]

const fail: Step = { _tag: "Fail" }
const done: Step = { _tag: "Done" }

/**
 * Facts/telegram, section 3, as a table. A send whose outcome is unknown may be in the chat already: a reply is
 * repeated once, because silence is worse for a person who waits than a double; bulk never.
 */
export const nextStep = (lane: Lane, reason: TelegramReason, history: History): Step => {
  switch (reason._tag) {
    case "NotModified":
      return done
    case "RateLimited":
      return { _tag: "Pause", seconds: reason.retryAfterSeconds }
    case "Unreachable": {
      const afterMs = reconnectAfterMs[history.unreachable]
      if (afterMs === undefined) return fail
      return { _tag: "Again", afterMs, history: { ...history, unreachable: history.unreachable + 1 } }
    }
    case "Ambiguous":
      if ((lane !== "reply" && !reason.harmless) || history.ambiguous > 0) return fail
      return { _tag: "Again", afterMs: 0, history: { ...history, ambiguous: history.ambiguous + 1 } }
    case "BadEntities":
      return history.plain ? fail : { _tag: "Plain", history: { ...history, plain: true } }
    case "BadFile":
      if (reason.remedy === "once" && !history.file) {
        return { _tag: "Again", afterMs: 0, history: { ...history, file: true } }
      }
      return history.wordsOnly ? fail : { _tag: "WordsOnly", history: { ...history, wordsOnly: true } }
    case "Migrated":
      if (history.migrated) return fail
      return { _tag: "Move", chatId: reason.chatId, history: { ...history, migrated: true } }
    case "BotUnusable":
      return { _tag: "BotUnusable" }
    case "Gone":
    case "StaleQuery":
    case "Rejected":
      return fail
  }
}
