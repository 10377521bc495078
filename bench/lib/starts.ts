import type { SqlClient } from "effect/sql"
import type { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { watchAnswers } from "./answered.ts"
import { message, openBot } from "./bot.ts"
import type { BenchService } from "./service.ts"

/** A bot to which everybody says /start once, so that nothing waits for its own turn, and when each heard from it first. */
export const openStarts = async (
  service: BenchService,
  sql: SqlClient.SqlClient,
  telegram: SandboxTelegram["Service"]
) => {
  const answered = await watchAnswers(telegram, "sendMessage")
  let next = 0
  const target = await openBot(service, sql, telegram, () => {
    next += 1
    answered.due(next)
    return message(next, next, "/start")
  })
  return { answered, target }
}
