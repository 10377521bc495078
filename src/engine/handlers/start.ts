import { Effect } from "effect"
import type { Bot } from "../../domain/bot.ts"
import type { MessageContent } from "../../domain/content.ts"
import { eventId } from "../../domain/events.ts"
import * as Log from "../../log/Log.ts"
import { composeFor } from "../../messages/personal.ts"
import { Sender } from "../../messages/Sender.ts"
import { texts } from "../../messages/texts.ts"
import type { Recording } from "../../repo/RecordingsRepo.ts"
import { type UpdateJob, touch, waitedMs } from "../job.ts"
import { Recorder } from "../Recorder.ts"
import type { Incoming } from "../update.ts"
import { goneAsBlocked } from "./gone.ts"

type Start = Extract<Incoming, { readonly kind: "start" }>

/** /start: the first message leaves before anything else is done; the person and the event are recorded after it. */
export const makeStart = Effect.gen(function* () {
  const sender = yield* Sender
  const recorder = yield* Recorder

  const recording = (bot: Bot, job: UpdateJob, start: Start, blocked: boolean): Recording => ({
    botId: bot.id,
    updateId: job.updateId,
    slug: bot.slug,
    person: touch(job, start.person, { started: true, blocked }),
    events: [
      {
        eventId: eventId.fromUpdate("bot_start", bot.id, job.updateId),
        name: "bot_start",
        occurredAt: job.receivedAt,
        meta: start.payload === undefined ? {} : { payload: start.payload }
      }
    ]
  })

  return Effect.fn("Start.handle")(function* (bot: Bot, job: UpdateJob, start: Start) {
    const calls = startContents(bot).flatMap((content) => composeFor(bot, start.person, content))
    const firstSent = Effect.gen(function* () {
      const latency = yield* waitedMs(job)
      yield* Log.info(`[BOT][START] Mensagem inicial enviada para ${start.person.telegramId} em ${latency} ms`, {
        event_name: "start",
        latency_ms: latency
      })
    })
    const blocked = yield* sender
      .send({
        bot,
        lane: "reply",
        calls,
        from: job.progress,
        onConfirmed: (confirmed) =>
          Effect.andThen(
            confirmed === 1 ? firstSent : Effect.void,
            confirmed < calls.length ? recorder.progress(job, confirmed) : Effect.void
          )
      })
      .pipe(Effect.as(false), goneAsBlocked(start.person.telegramId))
    return recording(bot, job, start, blocked)
  })
})

/** A bot whose seller wrote nothing yet still greets and shows its plans. */
const startContents = (bot: Bot): ReadonlyArray<MessageContent> => {
  if (bot.start.length > 0) return bot.start
  const plans = [...bot.plans.values()].filter((plan) => plan.active)
  if (plans.length === 0) return [{ text: texts.startWithoutPlans }]
  return [{ text: texts.startWithPlans, buttons: plans.map((plan) => [{ text: plan.name, plan_id: plan.id }]) }]
}
