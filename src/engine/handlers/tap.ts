import { Effect, Option } from "effect"
import type { Bot } from "../../domain/bot.ts"
import { decodeCallback } from "../../domain/callback.ts"
import * as Log from "../../log/Log.ts"
import { texts } from "../../messages/texts.ts"
import type { UpdateJob } from "../job.ts"
import type { Incoming } from "../update.ts"
import { makeAnswer } from "./answer.ts"
import { makeConsent } from "./consent.ts"
import { interaction } from "./interaction.ts"
import { makePlanTap } from "./planTap.ts"
import { makeVerifyTap } from "./verifyTap.ts"

export type Tap = Extract<Incoming, { readonly kind: "tap" }>

/** A tap on any button. Each one is answered, whatever its data says, or the client spins for half a minute. */
export const makeTap = Effect.gen(function* () {
  const answer = yield* makeAnswer
  const consent = yield* makeConsent
  const planTap = yield* makePlanTap
  const verifyTap = yield* makeVerifyTap

  return Effect.fn("Tap.handle")(function* (bot: Bot, job: UpdateJob, tap: Tap) {
    const action = decodeCallback(tap.data)
    if (Option.isSome(action) && action.value._tag === "Plan") return yield* planTap(bot, job, tap, action.value)
    if (Option.isSome(action) && action.value._tag === "Verify") return yield* verifyTap(bot, job, tap, action.value)
    if (Option.isSome(action) && action.value._tag === "OptOut") {
      yield* answer(bot, tap)
      return yield* consent(bot, job, tap.person, true)
    }
    yield* answer(bot, tap, texts.buttonGone)
    yield* Log.warn(`[BOT][CLIQUE] ${tap.person.telegramId} tocou em um botão que não existe mais no bot ${bot.slug}`, {
      event_name: "bot_interaction"
    })
    return interaction(bot, job, tap.person, { type: "unknown_button" })
  })
})
