import { Effect, Option } from "effect"
import type { Bot } from "../../domain/bot.ts"
import type { MessageContent } from "../../domain/content.ts"
import { formatBrl } from "../../domain/text.ts"
import * as Log from "../../log/Log.ts"
import { composeFor } from "../../messages/personal.ts"
import { Sender } from "../../messages/Sender.ts"
import { texts } from "../../messages/texts.ts"
import type { Payment } from "../../repo/PaymentsRepo.ts"
import { UsersRepo } from "../../repo/UsersRepo.ts"
import { Outbox, type OutboxHandler } from "../../tracking/Outbox.ts"
import { failed, outcomeOf, sent } from "./outcomes.ts"
import { makeRewrite } from "./pixMessages.ts"
import { sendingOf } from "./sending.ts"
import { isOutcome, makeSubjectOf, pausedBot } from "./subject.ts"
import { vipChatOf } from "./vipChat.ts"

/** Brings the paid product to the buyer, queues his place in the VIP group, and marks his code as paid. */
export const makeProduct = Effect.gen(function* () {
  const subjectOf = yield* makeSubjectOf
  const rewrite = yield* makeRewrite
  const outbox = yield* Outbox
  const users = yield* UsersRepo
  const sender = yield* Sender

  const inviteLater = (bot: Bot, payment: Payment, telegramId: number) =>
    Option.isNone(vipChatOf(bot, payment))
      ? Effect.void
      : outbox.put({
          destination: "telegram",
          eventName: "vip_access",
          payload: { payment_id: payment.id },
          botId: bot.id,
          paymentId: payment.id,
          telegramId,
          // Its own: a group that the bot cannot invite to holds up nothing else of this person.
          orderKey: `vip:${payment.id}`,
          dedupeKey: `vip_access:${payment.id}`
        })

  const handle: OutboxHandler = Effect.fn("Delivery.product")(function* (row, hold) {
    const latencyMs = Log.timer()
    const subject = yield* subjectOf(row)
    if (isOutcome(subject)) return subject
    const { bot, payment, telegramId } = subject
    if (payment.status !== "paid") return failed("o pagamento foi devolvido antes da entrega")
    if (!bot.active) return pausedBot(bot)

    const person = { telegramId, ...(yield* users.nameOf(bot.id, telegramId)) }
    const calls = contentsOf(bot, payment).flatMap((content) => composeFor(bot, person, content, boughtBy(payment)))
    const result = yield* Effect.result(sender.send(sendingOf(bot, calls, row, hold)))
    yield* inviteLater(bot, payment, telegramId)
    if (result._tag === "Failure") return outcomeOf(result.failure)
    yield* Log.info(`[PAYMENT][ENTREGA] Produto entregue para ${telegramId} no bot ${bot.slug}`, {
      slug: bot.slug,
      telegram_id: telegramId,
      payment_id: payment.id,
      event_name: "delivery",
      latency_ms: latencyMs()
    })
    const [words] = composeFor(bot, person, { text: texts.pixPaid })
    if (words !== undefined) yield* rewrite(bot, payment, words)
    return sent
  })

  return handle
})

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
