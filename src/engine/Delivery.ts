import { Effect, Layer, Option } from "effect"
import { Bots } from "../bots/Bots.ts"
import type { Bot } from "../domain/bot.ts"
import type { MessageContent } from "../domain/content.ts"
import { formatBrl } from "../domain/text.ts"
import * as Log from "../log/Log.ts"
import { composeFor } from "../messages/personal.ts"
import { Sender } from "../messages/Sender.ts"
import { texts } from "../messages/texts.ts"
import type { OutboxRow } from "../repo/OutboxRepo.ts"
import { type Payment, PaymentsRepo } from "../repo/PaymentsRepo.ts"
import { UsersRepo } from "../repo/UsersRepo.ts"
import type { TelegramError } from "../telegram/TelegramError.ts"
import { type OutboxHandler, OutboxHandlers, type OutboxOutcome } from "../tracking/Outbox.ts"

/** Brings the paid product to the buyer: the outbox's `telegram` destination. */
export const DeliveryLayer = Layer.effect(
  OutboxHandlers,
  Effect.gen(function* () {
    const bots = yield* Bots
    const payments = yield* PaymentsRepo
    const users = yield* UsersRepo
    const sender = yield* Sender

    const deliver: OutboxHandler = Effect.fn("Delivery.deliver")(function* (row: OutboxRow, saveProgress) {
      const payment = yield* payments.findById(row.paymentId ?? 0)
      if (Option.isNone(payment)) return failed("o pagamento não existe mais")
      const { botId, telegramId, status } = payment.value
      if (status !== "paid") return failed("o pagamento foi devolvido antes da entrega")
      if (botId === null || telegramId === null) return failed("o pagamento não diz de quem é")
      const bot = bots.byId(botId)
      if (Option.isNone(bot)) return failed("o bot deste pagamento não existe mais")
      if (!bot.value.active) return { _tag: "Retry", reason: `o bot ${bot.value.slug} está parado`, afterSeconds: 30 }

      const person = yield* users.nameOf(botId, telegramId)
      const calls = contentsOf(bot.value, payment.value).flatMap((content) =>
        composeFor(bot.value, { telegramId, ...person }, content, boughtBy(payment.value))
      )
      const result = yield* Effect.result(
        sender.send({
          bot: bot.value,
          lane: "reply",
          calls,
          from: row.progress,
          onConfirmed: (confirmed) => Effect.ignore(saveProgress(confirmed))
        })
      )
      if (result._tag === "Failure") return outcomeOf(result.failure)
      yield* Log.info(`[PAYMENT][ENTREGA] Produto entregue para ${telegramId} no bot ${bot.value.slug}`, {
        slug: bot.value.slug,
        telegram_id: telegramId,
        payment_id: payment.value.id,
        event_name: "delivery",
        latency_ms: yield* Log.latencyMs
      })
      return { _tag: "Sent" }
    })

    return new Map([["telegram", deliver]])
  })
)

/** The seller's thanks, if he wrote one, then what the plan delivers; never nothing. */
const contentsOf = (bot: Bot, payment: Payment): ReadonlyArray<MessageContent> => {
  const thanks = Option.toArray(Option.fromUndefinedOr(bot.messages.get("paid")))
  const plan = Option.fromUndefinedOr(bot.plans.get(payment.planId ?? 0))
  const contents = [...thanks, ...Option.toArray(Option.flatMap(plan, (one) => one.delivery))]
  return contents.length > 0 ? contents : [{ text: texts.paid }]
}

const boughtBy = (payment: Payment) => ({
  ...(payment.planName === null ? {} : { plano: payment.planName }),
  ...(payment.valueCents === null ? {} : { valor: formatBrl(payment.valueCents) })
})

const failed = (reason: string): OutboxOutcome => ({ _tag: "Failed", reason })

const outcomeOf = (error: TelegramError): OutboxOutcome => {
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
