import { Effect } from "effect"
import type { Bot } from "../../domain/bot.ts"
import type { Sending } from "../../messages/Sender.ts"
import type { TelegramCall } from "../../messages/telegramCall.ts"
import type { OutboxRow } from "../../repo/OutboxRepo.ts"
import type { OutboxHold } from "../../tracking/Outbox.ts"

/** What a row has to say, from where it broke off, and only as long as the row is this process's. */
export const sendingOf = (bot: Bot, calls: ReadonlyArray<TelegramCall>, row: OutboxRow, hold: OutboxHold): Sending => ({
  bot,
  lane: "reply",
  calls,
  from: row.progress,
  held: hold,
  onConfirmed: (confirmed) => Effect.ignore(hold.saveProgress(confirmed))
})
