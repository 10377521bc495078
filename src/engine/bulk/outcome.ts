import { Exit, Option } from "effect"
import type { Sent } from "../../messages/Sender.ts"
import type { Settlement } from "../../repo/bulk.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"

/** What a message came to, as its row will say. */
export type Outcome = Pick<Settlement, "status" | "error" | "messageId" | "retryAfterSeconds" | "tried"> & {
  /** The whole bot has to wait: its other messages would meet the same. */
  readonly restSeconds?: number
}

/** Telegram is away: that says nothing about the message, and the bot's others would find the same. */
const awaySeconds = 5

const failed = (status: Outcome["status"], error: string): Outcome => ({
  status,
  error,
  messageId: undefined,
  retryAfterSeconds: undefined,
  tried: true
})

/** Interrupted or broken on our side, after it may have left. */
export const interrupted = failed("ambiguous", "o envio foi interrompido")

/** There is nothing that could be sent: another try would find the same. */
export const unsendable = failed("failed", "a mensagem não pôde ser montada")

/** Nothing was delivered, and that is certain: it goes back to where it came from. */
export const postponed = (error: string | undefined, seconds: number, restSeconds = 0): Outcome => ({
  status: "pending",
  error,
  messageId: undefined,
  retryAfterSeconds: seconds,
  tried: false,
  restSeconds
})

/** `confirmed`: how many messages of it Telegram has confirmed. What arrived in part is never sent again. */
export const outcomeOf = (exit: Exit.Exit<Sent, TelegramError>, confirmed: number): Outcome => {
  if (Exit.isSuccess(exit)) {
    if (exit.value.withdrawn === true) return postponed(undefined, 0)
    return {
      status: "sent",
      error: undefined,
      messageId: exit.value.messageIds[0],
      retryAfterSeconds: undefined,
      tried: true
    }
  }
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  if (error === undefined) return interrupted
  const { reason, sentence } = error
  if (confirmed > 0)
    return failed(reason._tag === "Ambiguous" ? "ambiguous" : "failed", `só uma parte chegou: ${sentence}`)
  switch (reason._tag) {
    case "RateLimited":
      return postponed(sentence, reason.retryAfterSeconds, reason.retryAfterSeconds)
    case "BotUnusable":
      return postponed(sentence, 5, 5)
    case "Unreachable":
      return postponed(sentence, awaySeconds, awaySeconds)
    case "Ambiguous":
      return failed("ambiguous", sentence)
    case "Gone":
      return failed("blocked", sentence)
    case "Migrated":
    case "BadEntities":
    case "BadFile":
    case "NotModified":
    case "StaleQuery":
    case "Rejected":
      return failed("failed", sentence)
  }
}
