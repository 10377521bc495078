import { Effect, Option } from "effect"
import type { Bot } from "../../domain/bot.ts"
import type { Callback } from "../../domain/callback.ts"
import type { PaymentStatus } from "../../domain/payment.ts"
import * as Log from "../../log/Log.ts"
import { texts } from "../../messages/texts.ts"
import { Reconciliation } from "../../payments/Reconciliation.ts"
import type { UpdateJob } from "../job.ts"
import { makeAnswer } from "./answer.ts"
import { interaction } from "./interaction.ts"
import type { Tap } from "./tap.ts"

/** "Já paguei": asks the gateway if its rule allows one more question now, else says what is known. */
export const makeVerifyTap = Effect.gen(function* () {
  const answer = yield* makeAnswer
  const reconciliation = yield* Reconciliation

  return Effect.fn("VerifyTap.handle")(function* (
    bot: Bot,
    job: UpdateJob,
    tap: Tap,
    action: Extract<Callback, { readonly _tag: "Verify" }>
  ) {
    const status = yield* reconciliation.verify(action.paymentId, tap.person.telegramId, bot.id)
    yield* Log.info(
      `[PAYMENT][VERIFICAR] ${tap.person.telegramId} disse que já pagou; situação: ${Option.getOrElse(status, () => "não encontrada")}`,
      { event_name: "verify", payment_id: action.paymentId }
    )
    yield* answer(
      bot,
      tap,
      Option.match(status, { onNone: () => texts.verifyUnknown, onSome: (s) => verdict[s] }),
      true
    )
    return interaction(bot, job, tap.person, { type: "verify", payment_id: action.paymentId })
  })
})

const verdict: Record<PaymentStatus, string> = {
  creating: texts.verifyPending,
  pending: texts.verifyPending,
  unknown: texts.verifyPending,
  paid: texts.verifyPaid,
  expired: texts.verifyExpired,
  canceled: texts.verifyExpired,
  failed: texts.verifyExpired,
  refunded: texts.verifyRefunded,
  charged_back: texts.verifyRefunded
}
