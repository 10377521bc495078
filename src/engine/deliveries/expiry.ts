import { Effect } from "effect"
import type { Bot } from "../../domain/bot.ts"
import type { SourceRef } from "../../domain/callback.ts"
import type { Button, MessageContent } from "../../domain/content.ts"
import { formatBrl } from "../../domain/text.ts"
import * as Log from "../../log/Log.ts"
import { composeFor } from "../../messages/personal.ts"
import { Sender } from "../../messages/Sender.ts"
import { texts } from "../../messages/texts.ts"
import type { Payment } from "../../repo/PaymentsRepo.ts"
import { UsersRepo } from "../../repo/UsersRepo.ts"
import type { OutboxHandler } from "../../tracking/Outbox.ts"
import { outcomeOf, sent } from "./outcomes.ts"
import { makeRewrite } from "./pixMessages.ts"
import { sendingOf } from "./sending.ts"
import { isOutcome, makeSubjectOf } from "./subject.ts"

/** A code that nobody paid in time: its message says so and offers a new one. Money that comes later still counts. */
export const makeExpiry = Effect.gen(function* () {
  const subjectOf = yield* makeSubjectOf
  const rewrite = yield* makeRewrite
  const sender = yield* Sender
  const users = yield* UsersRepo

  const handle: OutboxHandler = Effect.fn("Delivery.expiry")(function* (row, hold) {
    const subject = yield* subjectOf(row)
    if (isOutcome(subject)) return subject
    const { bot, payment, telegramId } = subject
    // Paid meanwhile, or a paused bot, which speaks to nobody.
    if (payment.status !== "expired" || !bot.active) return sent
    const person = { telegramId, ...(yield* users.nameOf(bot.id, telegramId)) }
    const compose = (content: MessageContent) =>
      composeFor(bot, person, content, {
        ...(payment.planName === null ? {} : { plano: payment.planName }),
        ...(payment.valueCents === null ? {} : { valor: formatBrl(payment.valueCents) }),
        source: sourceOf(payment)
      })
    const again = againButton(bot, payment)
    const plain = compose({ text: again === undefined ? texts.pixExpired : texts.pixExpiredAgain, ...rows(again) })[0]
    const own = bot.messages.get("expired")
    const ownCalls = own === undefined ? [] : compose(withButton(own, again))
    const [first, ...rest] = ownCalls
    // One text takes the code's place. More than that, or media, cannot be edited in: it follows as it is.
    const fits = first?.method === "sendMessage" && rest.length === 0
    const words = fits ? first : plain
    if (words !== undefined) yield* rewrite(bot, payment, words)
    if (!fits && ownCalls.length > 0) {
      const result = yield* Effect.result(sender.send(sendingOf(bot, ownCalls, row, hold)))
      if (result._tag === "Failure") return outcomeOf(result.failure)
    }
    yield* Log.info(`[BOT][PIX] ${telegramId} foi avisado de que o código PIX venceu`, {
      slug: bot.slug,
      telegram_id: telegramId,
      payment_id: payment.id,
      event_name: "pix_expired"
    })
    return sent
  })

  return handle
})

const sourceOf = ({ source }: Payment): SourceRef | undefined =>
  source !== null && /^[ds][1-9]\d{0,15}$/.test(source) ? (source as SourceRef) : undefined

/** The same plan at the same price; nothing where it is not on sale any more. */
const againButton = (bot: Bot, { planId, valueCents }: Payment): Button | undefined => {
  const plan = bot.plans.get(planId ?? 0)
  if (plan?.active !== true) return undefined
  const own = valueCents === null || valueCents === plan.priceCents ? {} : { price_cents: valueCents }
  return { text: texts.newPixButton, plan_id: plan.id, ...own }
}

const rows = (button: Button | undefined): Pick<MessageContent, "buttons"> =>
  button === undefined ? {} : { buttons: [[button]] }

/** The seller's own button for a plan is enough. */
const withButton = (content: MessageContent, button: Button | undefined): MessageContent => {
  const offers = content.buttons?.some((row) => row.some((one) => "plan_id" in one)) === true
  return offers || button === undefined ? content : { ...content, buttons: [...(content.buttons ?? []), [button]] }
}
