import type { Bot } from "../domain/bot.ts"
import { sanitiseText } from "../domain/text.ts"
import type { Fields } from "../log/format.ts"
import type { Recording } from "../repo/RecordingsRepo.ts"
import { interaction } from "./handlers/interaction.ts"
import { silent, touch, type UpdateJob } from "./job.ts"

/** What is left of an update that gets no answer: its recording, and what is said of it in the log. */
export interface QuietOutcome {
  readonly recording: Recording
  readonly sentence?: string
  readonly fields?: Fields
}

/** Nobody waits for an answer to it: a text that is not a command, a block, what does not concern us. */
export const isQuiet = ({ incoming }: UpdateJob): boolean =>
  incoming.kind === "text" || incoming.kind === "member" || incoming.kind === "ignored"

/** Pure: thousands of these are handled as one batch, without a fiber each. */
export const quietOutcome = (bot: Bot, job: UpdateJob): QuietOutcome => {
  const { incoming } = job
  if (incoming.kind === "text") {
    return {
      recording: interaction(bot, job, incoming.person, {
        type: "text",
        text: sanitiseText(incoming.text.slice(0, 500))
      }),
      sentence: `[BOT][MENSAGEM] ${incoming.person.telegramId} escreveu para o bot ${bot.slug}`,
      fields: { event_name: "bot_interaction" }
    }
  }
  if (incoming.kind === "member") {
    // In private chats only block and unblock are reported (facts/telegram, section 5).
    return {
      recording: {
        botId: bot.id,
        updateId: job.updateId,
        hold: job.hold,
        slug: bot.slug,
        person: touch(job, incoming.person, { blocked: incoming.blocked }),
        events: []
      },
      sentence: `[BOT][MEMBRO] ${incoming.person.telegramId} ${incoming.blocked ? "bloqueou" : "desbloqueou"} o bot ${bot.slug}`,
      fields: { event_name: incoming.blocked ? "blocked" : "unblocked" }
    }
  }
  return { recording: silent(job) }
}
