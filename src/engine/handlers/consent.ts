import { Effect } from "effect"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import { composeFor } from "../../messages/personal.ts"
import { Sender } from "../../messages/Sender.ts"
import { texts } from "../../messages/texts.ts"
import { Footing } from "../Footing.ts"
import type { Handled } from "../Handlers.ts"
import { touch, type UpdateJob } from "../job.ts"
import type { Person } from "../update.ts"
import { answeredBy } from "./answered.ts"
import { interaction } from "./interaction.ts"

/** /parar and /voltar: from now on nothing but answers, or offers again. The seller may word the answer himself. */
export const makeConsent = Effect.gen(function* () {
  const sender = yield* Sender
  const footing = yield* Footing

  return Effect.fn("Consent.handle")(function* (bot: Bot, job: UpdateJob, person: Person, optedOut: boolean) {
    const own = bot.messages.get(optedOut ? "opted_out" : "opted_in")
    const calls = composeFor(bot, person, own ?? { text: optedOut ? texts.optedOut : texts.optedIn })
    const answered = yield* sender
      .send({ bot, lane: "reply", calls, held: footing.of(job) })
      .pipe(answeredBy(person.telegramId))
    yield* Log.info(
      `[BOT][${optedOut ? "PARAR" : "VOLTAR"}] ${person.telegramId} ` +
        (optedOut ? `não quer mais ofertas do bot ${bot.slug}` : `quer ofertas do bot ${bot.slug} de novo`),
      { event_name: optedOut ? "opted_out" : "opted_in" }
    )
    const blocked = answered === "gone"
    const recording = interaction(bot, job, person, { type: optedOut ? "opt_out" : "opt_in" }, blocked)
    return {
      ...recording,
      person: touch(job, person, { blocked, optedOut }),
      answered: answered !== "refused"
    } satisfies Handled as Handled
  })
})
