import type { Bot } from "../../domain/bot.ts"
import { eventId } from "../../domain/events.ts"
import type { Recording } from "../../repo/RecordingsRepo.ts"
import { touch, type UpdateJob } from "../job.ts"
import type { Person } from "../update.ts"

/** The recording of whatever a person does with the bot other than /start. */
export const interaction = (
  bot: Bot,
  job: UpdateJob,
  person: Person,
  meta: Readonly<Record<string, unknown>>,
  blocked = false
): Recording => ({
  botId: bot.id,
  updateId: job.updateId,
  hold: job.hold,
  slug: bot.slug,
  person: touch(job, person, { blocked }),
  events: [
    {
      eventId: eventId.fromUpdate("bot_interaction", bot.id, job.updateId),
      name: "bot_interaction",
      occurredAt: job.receivedAt,
      meta
    }
  ]
})
