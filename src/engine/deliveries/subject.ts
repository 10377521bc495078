import { Effect, Option } from "effect"
import type { SqlError } from "effect/sql"
import { Bots } from "../../bots/Bots.ts"
import type { Bot } from "../../domain/bot.ts"
import type { OutboxRow } from "../../repo/OutboxRepo.ts"
import { type Payment, PaymentsRepo } from "../../repo/PaymentsRepo.ts"
import type { OutboxOutcome } from "../../tracking/Outbox.ts"
import { failed } from "./outcomes.ts"

/** What an outbox row of a payment is about. */
export interface Subject {
  readonly payment: Payment
  readonly bot: Bot
  readonly telegramId: number
}

/** Finds the payment, its bot and its buyer, or says why there is nothing to do. */
export const makeSubjectOf = Effect.gen(function* () {
  const bots = yield* Bots
  const payments = yield* PaymentsRepo

  return Effect.fnUntraced(function* (row: OutboxRow): Effect.fn.Return<Subject | OutboxOutcome, SqlError.SqlError> {
    const found = yield* payments.findById(row.paymentId ?? 0)
    if (Option.isNone(found)) return failed("o pagamento não existe mais")
    const payment = found.value
    const { botId, telegramId } = payment
    if (botId === null || telegramId === null) return failed("o pagamento não diz de quem é")
    const bot = bots.byId(botId)
    if (Option.isNone(bot)) return failed("o bot deste pagamento não existe mais")
    return { payment, bot: bot.value, telegramId }
  })
})

export const isOutcome = (found: Subject | OutboxOutcome): found is OutboxOutcome => "_tag" in found

/** What is owed waits until the bot works again. */
export const pausedBot = (bot: Bot): OutboxOutcome => ({
  _tag: "Retry",
  reason: `o bot ${bot.slug} está parado`,
  afterSeconds: 30
})
