import { Context, Effect, Layer, Option, Result } from "effect"
import { Bots } from "../bots/Bots.ts"
import { checkContent } from "../bots/contentCheck.ts"
import { invalid, notFound, orDefect } from "../bots/refusals.ts"
import type { AdminError } from "../domain/admin.ts"
import type { Bot } from "../domain/bot.ts"
import type { MessageContent } from "../domain/content.ts"
import { formatBrl, sanitiseText } from "../domain/text.ts"
import * as Log from "../log/Log.ts"
import { Attachments, type UploadError } from "../media/Attachments.ts"
import { MediaRepo } from "../repo/MediaRepo.ts"
import { UsersRepo } from "../repo/UsersRepo.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import { complaintOf } from "./complaints.ts"
import type { TelegramCall } from "./compose.ts"
import { composeFor } from "./personal.ts"

/** One call to Telegram and what became of it. */
export interface PreviewedCall {
  readonly method: string
  readonly ok: boolean
  /** Telegram's complaint, for the seller. */
  readonly error?: string
}

export interface PreviewRequest {
  readonly slug: string
  readonly key: string
  readonly chatId: number
  /** Not saved; without it, what is saved under the key. */
  readonly content?: unknown
}

/** Shows a seller his message as a buyer would get it, in a chat of his choice, before anybody else sees it. */
export class Preview extends Context.Service<
  Preview,
  { readonly send: (request: PreviewRequest) => Effect.Effect<ReadonlyArray<PreviewedCall>, AdminError> }
>()("funil/messages/Preview") {
  static readonly layer = Layer.effect(
    Preview,
    Effect.gen(function* () {
      const attachments = yield* Attachments
      const bots = yield* Bots
      const media = yield* MediaRepo
      const telegram = yield* TelegramClient
      const users = yield* UsersRepo

      const botOf = Effect.fnUntraced(function* (slug: string) {
        const bot = bots.find(slug)
        if (Option.isSome(bot)) return bot.value
        return yield* notFound(`Não existe um bot com o endereço ${sanitiseText(slug).slice(0, 64)}.`)
      })

      const contentsOf = Effect.fnUntraced(function* (bot: Bot, { content, key }: PreviewRequest) {
        if (content !== undefined) {
          const known = {
            planIds: new Set(bot.plans.keys()),
            mediaIds: (ids: ReadonlyArray<number>) => media.existing(bot.slug, ids)
          }
          return [yield* checkContent(content, known, "content")]
        }
        const saved = key === "start" ? bot.start : Option.toArray(Option.fromUndefinedOr(bot.messages.get(key)))
        return saved.length > 0 ? saved : yield* notFound(`O bot ${bot.slug} ainda não tem essa mensagem.`)
      })

      const made = Effect.fnUntraced(function* (bot: Bot, call: TelegramCall) {
        const token = yield* Effect.fromOption(bot.token)
        const result = yield* Effect.result(
          attachments.upload(bot, call, ({ method, payload }) => telegram.call(token, method, payload))
        )
        return Result.isSuccess(result)
          ? ({ method: call.method, ok: true } satisfies PreviewedCall as PreviewedCall)
          : { method: call.method, ok: false, error: wordsOf(result.failure) }
      })

      const send = Effect.fn("Preview.send")(function* (request: PreviewRequest) {
        const bot = yield* botOf(request.slug)
        if (Option.isNone(bot.token)) {
          return yield* invalid({ slug: "Este bot não tem um token que sirva; informe-o no cadastro do bot." })
        }
        const contents: ReadonlyArray<MessageContent> = yield* contentsOf(bot, request)
        const person = yield* users.nameOf(bot.id, request.chatId)
        const calls = contents.flatMap((content) =>
          composeFor(bot, { ...person, telegramId: request.chatId }, content, exampleOf(bot))
        )
        // Each on its own, so that the seller learns all that is wrong at once.
        const answers = yield* Effect.forEach(calls, (call) => Effect.orDie(made(bot, call)))
        yield* Log.info(`[BOT] Prévia da mensagem ${request.key} do bot ${bot.slug} enviada para ${request.chatId}`, {
          slug: bot.slug,
          telegram_id: request.chatId
        })
        return answers
      }, orDefect)

      return Preview.of({ send })
    })
  )
}

/** What `{plano}` and `{valor}` would be for a buyer of the bot's first offer. */
const exampleOf = (bot: Bot) => {
  const plan = [...bot.plans.values()].find((one) => one.active)
  return plan === undefined ? {} : { plano: plan.name, valor: formatBrl(plan.priceCents) }
}

const wordsOf = (error: UploadError): string => {
  switch (error._tag) {
    case "TelegramError":
      return complaintOf(error)
    case "MediaStoreError":
      return `Não consegui ler a mídia: ${error.message}.`
    case "SqlError":
      return "O banco de dados não está respondendo. Tente de novo em instantes."
  }
}
