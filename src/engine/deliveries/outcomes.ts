import type { TelegramError } from "../../telegram/TelegramError.ts"
import type { OutboxOutcome } from "../../tracking/Outbox.ts"

export const sent: OutboxOutcome = { _tag: "Sent" }

export const failed = (reason: string): OutboxOutcome => ({ _tag: "Failed", reason })

export const outcomeOf = (error: TelegramError): OutboxOutcome => {
  const { reason } = error
  switch (reason._tag) {
    case "RateLimited":
      return { _tag: "Retry", reason: error.sentence, afterSeconds: reason.retryAfterSeconds }
    case "Unreachable":
    case "Migrated":
      return { _tag: "Retry", reason: error.sentence }
    // A new token may be minutes away; the product is owed all the same.
    case "BotUnusable":
      return { _tag: "Retry", reason: error.sentence, afterSeconds: 60 }
    // The sender repeated it once already: once more could deliver twice. The seller decides, by a replay.
    case "Ambiguous":
    case "Gone":
    case "BadEntities":
    case "BadFile":
    case "NotModified":
    case "StaleQuery":
    case "Rejected":
      return failed(error.sentence)
  }
}
