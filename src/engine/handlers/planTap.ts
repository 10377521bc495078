import { Effect, Fiber, Option } from "effect"
import { type Bot, offeredPrice, type Plan } from "../../domain/bot.ts"
import type { Callback } from "../../domain/callback.ts"
import { formatBrl } from "../../domain/text.ts"
import * as Log from "../../log/Log.ts"
import { composeFor, variablesFor } from "../../messages/personal.ts"
import { composePix } from "../../messages/pixMessage.ts"
import { Sender } from "../../messages/Sender.ts"
import { texts } from "../../messages/texts.ts"
import { Checkout, type CheckoutError, type OpenCharge } from "../../payments/Checkout.ts"
import { Footing } from "../Footing.ts"
import type { Handled, HandlerError } from "../Handlers.ts"
import { type UpdateJob, waitedMs } from "../job.ts"
import { makeAnswer } from "./answer.ts"
import { answeredBy } from "./answered.ts"
import { interaction } from "./interaction.ts"
import type { Tap } from "./tap.ts"

/** A tap on a plan: answered at once, then the charge (a new one or the open one), then the PIX in the chat. */
export const makePlanTap = Effect.gen(function* () {
  const answer = yield* makeAnswer
  const checkout = yield* Checkout
  const sender = yield* Sender
  const footing = yield* Footing

  const sendPix = Effect.fnUntraced(function* (bot: Bot, job: UpdateJob, tap: Tap, charge: OpenCharge) {
    const calls = composePix({
      bot,
      chatId: tap.person.telegramId,
      paymentId: charge.paymentId,
      pixCode: charge.pixCode,
      variables: {
        ...variablesFor(bot, tap.person),
        plano: charge.planName,
        valor: formatBrl(charge.valueCents)
      },
      notices: [...Option.toArray(charge.legalNotice), ...Option.toArray(bot.notice)]
    })
    return yield* sender
      .send({
        bot,
        lane: "reply",
        calls,
        from: job.progress,
        onConfirmed: (confirmed) => (confirmed < calls.length ? footing.confirmed(job, confirmed) : Effect.void)
      })
      .pipe(
        Effect.tap(() =>
          Effect.flatMap(waitedMs(job), (latency) =>
            Log.info(`[BOT][PIX] Código PIX enviado para ${tap.person.telegramId} em ${latency} ms`, {
              event_name: "pix_sent",
              payment_id: charge.paymentId,
              latency_ms: latency
            })
          )
        ),
        answeredBy(tap.person.telegramId)
      )
  })

  const sendApology = Effect.fnUntraced(function* (bot: Bot, tap: Tap, plan: Plan, error: CheckoutError) {
    yield* Log.failure(`Falha ao gerar o PIX de ${tap.person.telegramId} no bot ${bot.slug}`, error, {
      event_name: "pix_failed",
      gateway: bot.gateway
    })
    const calls = composeFor(bot, tap.person, {
      text: error.reason._tag === "CheckoutUncertain" ? texts.checkoutSlow : texts.checkoutFailed,
      buttons: [[{ text: texts.retryButton, plan_id: plan.id }]]
    })
    return yield* sender.send({ bot, lane: "reply", calls }).pipe(answeredBy(tap.person.telegramId))
  })

  return Effect.fn("PlanTap.handle")(function* (
    bot: Bot,
    job: UpdateJob,
    tap: Tap,
    action: Extract<Callback, { readonly _tag: "Plan" }>
  ): Effect.fn.Return<Handled, HandlerError> {
    const plan = bot.plans.get(action.planId)
    const meta = { type: "plan", plan_id: action.planId }
    if (plan === undefined || !plan.active) {
      yield* answer(bot, tap, texts.planGone, true)
      return interaction(bot, job, tap.person, meta)
    }
    const answering = yield* Effect.forkChild(job.acknowledged ? Effect.void : answer(bot, tap, texts.tapPlan))
    const answered = yield* checkout
      .open({
        bot,
        plan,
        priceCents: offeredPrice(bot, plan, action.priceCents),
        person: { telegramId: tap.person.telegramId, name: tap.person.name },
        ...(action.source === undefined ? {} : { source: action.source }),
        requestId: job.requestId
      })
      .pipe(
        Effect.flatMap((charge) => sendPix(bot, job, tap, charge)),
        Effect.catchTag("CheckoutError", (error) => sendApology(bot, tap, plan, error))
      )
    yield* Fiber.join(answering)
    const recording = interaction(bot, job, tap.person, meta, answered === "gone")
    return { ...recording, answered: answered !== "refused" }
  })
})
