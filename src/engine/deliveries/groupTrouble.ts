import { Clock, Effect, Option } from "effect"
import type { SqlError } from "effect/sql"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import { type Access, AccessRepo } from "../../repo/AccessRepo.ts"
import type { OutboxRow } from "../../repo/OutboxRepo.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"
import type { OutboxOutcome } from "../../tracking/Outbox.ts"
import { failed, outcomeOf } from "./outcomes.ts"
import { troubleOf } from "./vipChat.ts"

/** A seller who is told today may mend it tomorrow. */
const patienceMs = 3 * 24 * 3_600_000
const againAfterSeconds = 60

/** A group that refuses the bot: its seller is told once, in the log and at the bot, and it is tried again meanwhile. */
export const makeTrouble = Effect.gen(function* () {
  const access = yield* AccessRepo

  const mended = (bot: Bot) => Effect.asVoid(access.setTrouble(bot.id, null))

  const told = Effect.fnUntraced(function* (bot: Bot, trouble: string) {
    if (!(yield* access.setTrouble(bot.id, trouble))) return
    yield* Log.error(`[ERRO] Falha ao dar acesso ao grupo VIP do bot ${bot.slug}: ${trouble}`, {
      slug: bot.slug,
      event_name: "vip_failed"
    })
  })

  const refusedBy = Effect.fnUntraced(function* (
    bot: Bot,
    place: Access,
    row: OutboxRow,
    error: TelegramError
  ): Effect.fn.Return<OutboxOutcome, SqlError.SqlError> {
    if (error.reason._tag === "Migrated") {
      yield* access.moved(bot.id, place.chatId, String(error.reason.chatId))
      return { _tag: "Retry", reason: "o grupo VIP mudou de número", afterSeconds: 1 }
    }
    // Nobody sees a link that was made in vain.
    if (error.reason._tag === "Ambiguous") return { _tag: "Retry", reason: error.sentence }
    const trouble = troubleOf(bot, place.chatId, error)
    if (Option.isNone(trouble)) return outcomeOf(error)
    yield* told(bot, trouble.value)
    const age = (yield* Clock.currentTimeMillis) - row.createdAt.getTime()
    return age > patienceMs
      ? failed(trouble.value)
      : { _tag: "Retry", reason: trouble.value, afterSeconds: againAfterSeconds }
  })

  return { mended, refusedBy, told }
})
