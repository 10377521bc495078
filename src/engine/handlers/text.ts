import { Effect } from "effect"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import type { UpdateJob } from "../job.ts"
import type { Incoming } from "../update.ts"
import { interaction } from "./interaction.ts"

type Text = Extract<Incoming, { readonly kind: "text" }>

/** Anything else a person writes: recorded, not answered. */
export const makeText = Effect.succeed(
  Effect.fn("Text.handle")(function* (bot: Bot, job: UpdateJob, text: Text) {
    yield* Log.info(`[BOT][MENSAGEM] ${text.person.telegramId} escreveu para o bot ${bot.slug}`, {
      event_name: "bot_interaction"
    })
    return interaction(bot, job, text.person, { type: "text", text: text.text.slice(0, 500) })
  })
)
