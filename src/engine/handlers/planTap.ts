import { Effect, Fiber, Option } from "effect"
import { type Bot, offeredPrice } from "../../domain/bot.ts"
import type { Callback } from "../../domain/callback.ts"
import { formatBrl } from "../../domain/text.ts"
import * as Log from "../../log/Log.ts"
import { composeFor, variablesFor } from "../../messages/personal.ts"
import { composePix } from "../../messages/pixMessage.ts"
import { qrPng } from "../../messages/qr.ts"
import { Sender } from "../../messages/Sender.ts"
import { texts } from "../../messages/texts.ts"
import { Checkout, type CheckoutError, type OpenCharge } from "../../payments/Checkout.ts"
import { PaymentsRepo } from "../../repo/PaymentsRepo.ts"
import { Footing } from "../Footing.ts"
import type { Handled, HandlerError } from "../Handlers.ts"
import { type UpdateJob, waitedMs } from "../job.ts"
import { makeAnswer } from "./answer.ts"
import { answeredBy } from "./answered.ts"
import { interaction } from "./interaction.ts"
import type { Tap } from "./tap.ts"

type PlanAction = Extract<Callback, { readonly _tag: "Plan" }>

/** A buyer hears something within 2 s (issue 5), whatever the gateway does. */
const consoleAfterMs = 1_500
/** Also after an update that waited long in the queue: most charges are made within this. */
const leastPatienceMs = 700

const retryButton = ({ planId, priceCents }: PlanAction) => ({
  text: texts.retryButton,
  plan_id: planId,
  ...(priceCents === undefined ? {} : { price_cents: priceCents })
})

/** A tap on a plan: answered at once, then the charge (a new one or the open one), then the PIX in the chat. */
export const makePlanTap = Effect.gen(function* () {
  const answer = yield* makeAnswer
  const checkout = yield* Checkout
  const sender = yield* Sender
  const footing = yield* Footing
  const payments = yield* PaymentsRepo

  /** The last message holds the code. Should this be lost, it only never says that the code expired. */
  const keepCode = ({ paymentId }: OpenCharge, { person }: Tap, messageId: number | undefined) =>
    messageId === undefined
      ? Effect.void
      : Effect.catchTag(payments.keepPixMessage(paymentId, person.telegramId, messageId), "SqlError", (error) =>
          Log.recovered(`Não guardei qual mensagem mostra o PIX de ${person.telegramId}`, error, {
            payment_id: paymentId
          })
        )

  const sendPix = Effect.fnUntraced(function* (
    bot: Bot,
    job: UpdateJob,
    tap: Tap,
    charge: OpenCharge,
    picture: Buffer | undefined
  ) {
    const calls = composePix({
      bot,
      chatId: tap.person.telegramId,
      paymentId: charge.paymentId,
      pixCode: charge.pixCode,
      picture: charge.reused ? undefined : picture,
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
        held: footing.of(job),
        onConfirmed: (confirmed) => (confirmed < calls.length ? footing.confirmed(job, confirmed) : Effect.void)
      })
      .pipe(
        Effect.tap((sent) => keepCode(charge, tap, sent.messageIds.at(-1))),
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

  /** Words with a button that asks for the very same thing again: plan, price and where it was offered. */
  const say = (bot: Bot, job: UpdateJob, tap: Tap, action: PlanAction, text: string, retry: boolean) =>
    sender
      .send({
        bot,
        lane: "reply",
        held: footing.of(job),
        calls: composeFor(
          bot,
          tap.person,
          { text, ...(retry ? { buttons: [[retryButton(action)]] } : {}) },
          { source: action.source }
        )
      })
      .pipe(answeredBy(tap.person.telegramId))

  const apologise = Effect.fnUntraced(function* (
    bot: Bot,
    job: UpdateJob,
    tap: Tap,
    action: PlanAction,
    error: CheckoutError,
    consoled: boolean
  ) {
    const what = `Falha ao gerar o PIX de ${tap.person.telegramId} no bot ${bot.slug}`
    const fields = { event_name: "pix_failed", gateway: bot.gateway }
    const limited = error.reason._tag === "CheckoutLimited"
    yield* limited ? Log.recovered(what, error, fields) : Log.failure(what, error, fields)
    if (limited) return yield* say(bot, job, tap, action, texts.checkoutLimited, false)
    // The sentence and the button that he would get now are in the chat already.
    if (consoled) return "sent" as const
    const slow = error.reason._tag === "CheckoutUncertain"
    return yield* say(bot, job, tap, action, slow ? texts.checkoutSlow : texts.checkoutFailed, true)
  })

  /** The charge goes on being made; whoever waits is told so in time, and gets his code when it comes. */
  const orConsole = Effect.fnUntraced(function* <A, E>(
    bot: Bot,
    job: UpdateJob,
    tap: Tap,
    action: PlanAction,
    charge: Effect.Effect<A, E>
  ) {
    const fiber = yield* Effect.forkChild(Effect.exit(charge))
    const left = consoleAfterMs - (yield* waitedMs(job))
    const early = yield* Effect.timeoutOption(Fiber.join(fiber), Math.max(left, leastPatienceMs))
    if (Option.isSome(early)) return { exit: early.value, consoled: false }
    yield* Log.warn(`[AVISO] O PIX de ${tap.person.telegramId} no bot ${bot.slug} está demorando; ele foi avisado`, {
      event_name: "pix_slow",
      gateway: bot.gateway
    })
    const consoling = yield* Effect.forkChild(Effect.result(say(bot, job, tap, action, texts.checkoutWaiting, true)))
    const exit = yield* Fiber.join(fiber)
    const consoled = yield* Fiber.join(consoling)
    return { exit, consoled: consoled._tag === "Success" }
  })

  return Effect.fn("PlanTap.handle")(function* (
    bot: Bot,
    job: UpdateJob,
    tap: Tap,
    action: PlanAction
  ): Effect.fn.Return<Handled, HandlerError> {
    const plan = bot.plans.get(action.planId)
    const meta = { type: "plan", plan_id: action.planId }
    if (plan === undefined || !plan.active) {
      yield* answer(bot, tap, texts.planGone, true)
      return interaction(bot, job, tap.person, meta)
    }
    const answering = yield* Effect.forkChild(job.acknowledged ? Effect.void : answer(bot, tap, texts.tapPlan))
    let picture: Buffer | undefined
    const opening = checkout.open({
      bot,
      plan,
      priceCents: offeredPrice(bot, plan, action.priceCents),
      person: { telegramId: tap.person.telegramId, name: tap.person.name },
      ...(action.source === undefined ? {} : { source: action.source }),
      requestId: job.requestId,
      onCode: (code) => void (picture = qrPng(code))
    })
    const { consoled, exit } = yield* orConsole(bot, job, tap, action, opening)
    const answered = yield* exit.pipe(
      Effect.flatMap((charge) => sendPix(bot, job, tap, charge, picture)),
      Effect.catchTag("CheckoutError", (error) => apologise(bot, job, tap, action, error, consoled))
    )
    yield* Fiber.join(answering)
    const recording = interaction(bot, job, tap.person, meta, answered === "gone")
    return { ...recording, answered: answered !== "refused" }
  })
})
