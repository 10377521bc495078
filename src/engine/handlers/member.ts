import { Effect } from "effect"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import type { Recording } from "../../repo/RecordingsRepo.ts"
import { touch, type UpdateJob } from "../job.ts"
import type { Incoming } from "../update.ts"

type Member = Extract<Incoming, { readonly kind: "member" }>

/** Block and unblock of the bot by a person; in private chats nothing else is reported (facts/telegram, section 5). */
export const makeMember = Effect.succeed(
  Effect.fn("Member.handle")(function* (bot: Bot, job: UpdateJob, member: Member) {
    const { telegramId } = member.person
    yield* Log.info(`[BOT][MEMBER] ${telegramId} ${member.blocked ? "bloqueou" : "desbloqueou"} o bot ${bot.slug}`, {
      event_name: member.blocked ? "blocked" : "unblocked"
    })
    const recording: Recording = {
      botId: bot.id,
      updateId: job.updateId,
      slug: bot.slug,
      person: touch(job, member.person, { blocked: member.blocked }),
      events: []
    }
    return recording
  })
)
