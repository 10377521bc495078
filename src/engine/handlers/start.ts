import { Effect } from "effect"
import type { Bot } from "../../domain/bot.ts"
import type { MessageContent } from "../../domain/content.ts"
import { eventId } from "../../domain/events.ts"
import * as Log from "../../log/Log.ts"
import { composeFor } from "../../messages/personal.ts"
import { Sender } from "../../messages/Sender.ts"
import { texts } from "../../messages/texts.ts"
import { Reports } from "../../tracking/Reports.ts"
import { Footing } from "../Footing.ts"
import type { Handled } from "../Handlers.ts"
import { type UpdateJob, touch, waitedMs } from "../job.ts"
import type { Incoming } from "../update.ts"
import { type Answered, answeredBy } from "./answered.ts"

type Start = Extract<Incoming, { readonly kind: "start" }>

/** /start: the first message leaves before anything else is done; the person and the event are recorded after it. */
export const makeStart = Effect.gen(function* () {
  const sender = yield* Sender
  const footing = yield* Footing
  const reports = yield* Reports

  const recording = (bot: Bot, job: UpdateJob, start: Start, answered: Answered): Handled => {
    const id = eventId.fromUpdate("bot_start", bot.id, job.updateId)
    const fact = { botId: bot.id, telegramId: start.person.telegramId, eventId: id, occurredAt: job.receivedAt }
    return {
      botId: bot.id,
      updateId: job.updateId,
      hold: job.hold,
      slug: bot.slug,
      person: touch(job, start.person, { started: true, token: start.payload, blocked: answered === "gone" }),
      events: [
        {
          eventId: id,
          name: "bot_start",
          occurredAt: job.receivedAt,
          meta: start.payload === undefined ? {} : { payload: start.payload }
        }
      ],
      reports: reports.rowsOf({ step: "bot_start", ...fact }),
      answered: answered !== "refused"
    }
  }

  return Effect.fn("Start.handle")(function* (bot: Bot, job: UpdateJob, start: Start) {
    const calls = startContents(bot).flatMap((content) => composeFor(bot, start.person, content))
    const firstSent = Effect.gen(function* () {
      const latency = yield* waitedMs(job)
      yield* Log.info(`[BOT][START] Mensagem inicial enviada para ${start.person.telegramId} em ${latency} ms`, {
        event_name: "start",
        latency_ms: latency
      })
    })
    const answered = yield* sender
      .send({
        bot,
        lane: "reply",
        calls,
        from: job.progress,
        held: footing.of(job),
        onConfirmed: (confirmed) =>
          Effect.andThen(
            confirmed === 1 ? firstSent : Effect.void,
            confirmed < calls.length ? footing.confirmed(job, confirmed) : Effect.void
          )
      })
      .pipe(answeredBy(start.person.telegramId))
    return recording(bot, job, start, answered)
  })
})

/** A bot whose seller wrote nothing yet still greets and shows its plans. */
const startContents = (bot: Bot): ReadonlyArray<MessageContent> => {
  if (bot.start.length > 0) return bot.start
  const plans = [...bot.plans.values()].filter((plan) => plan.active)
  if (plans.length === 0) return [{ text: texts.startWithoutPlans }]
  return [{ text: texts.startWithPlans, buttons: plans.map((plan) => [{ text: plan.name, plan_id: plan.id }]) }]
}
