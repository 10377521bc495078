import { Cause, Context, Effect, Layer, Option } from "effect"
import { timingSafeEqual } from "node:crypto"
import { Bots } from "../../bots/Bots.ts"
import type { Bot } from "../../domain/bot.ts"
import { Inbox } from "../../engine/Inbox.ts"
import { detailOf } from "../../log/Log.ts"
import { inboxProblem } from "../errors.ts"
import { FloodGuard } from "../../log/FloodGuard.ts"
import { notJson, ourFault, type Problem, problem } from "../problem.ts"

export const secretHeader = "x-telegram-bot-api-secret-token"

const unknownBot = problem("not_found", "Este bot não existe.")
const wrongSecret = problem("unauthorized", "A senha do webhook não confere.")

/**
 * What a Telegram webhook means, whichever way it came in: who may speak for which bot, and how an update gets into
 * the inbox. Nothing is read from disk or database before the commit itself.
 */
export class TelegramWebhook extends Context.Service<
  TelegramWebhook,
  {
    /** The bot, when the secret is its own; synchronous. */
    readonly admit: (slug: string, secret: string | undefined) => Option.Option<Bot>
    /** Why `admit` said no; writes the log line. */
    readonly refuse: (slug: string) => Effect.Effect<Problem>
    /** Commits the update. Returns why not, or nothing when it is safe. */
    readonly receive: (bot: Bot, raw: string, requestId: string) => Effect.Effect<Problem | undefined>
    /** The same without a fiber of its own; `done` gets what to do about a refusal, which answers it, or nothing. */
    readonly submit: (
      bot: Bot,
      raw: string,
      requestId: string,
      done: (refusal: Effect.Effect<Problem> | undefined) => void
    ) => void
  }
>()("funil/http/TelegramWebhook") {
  static readonly layer = Layer.effect(
    TelegramWebhook,
    Effect.gen(function* () {
      const bots = yield* Bots
      const inbox = yield* Inbox
      const flood = yield* FloodGuard

      const admit = (slug: string, secret: string | undefined) =>
        Option.filter(bots.find(slug), (bot) => secret !== undefined && isSecretOf(bot, secret))

      const refuse = Effect.fnUntraced(function* (slug: string) {
        const bot = bots.find(slug)
        if (Option.isNone(bot)) {
          // One key for all unknown names: they are the sender's to invent.
          yield* flood.warn("webhook:unknown", `Recusei um aviso do Telegram: não há bot chamado ${slug.slice(0, 64)}`)
          return unknownBot
        }
        const why = Option.isNone(bot.value.webhookSecret)
          ? "este bot ainda não tem uma senha de webhook"
          : "a senha do webhook não confere"
        yield* flood.warn(`webhook:secret:${slug}`, `Recusei um aviso do Telegram para o bot ${slug}: ${why}`, { slug })
        return wrongSecret
      })

      const refused = (bot: Bot, requestId: string, given: Problem, why: string) =>
        flood
          .warn(
            `webhook:${given.error}:${bot.slug}`,
            `Não guardei um aviso do Telegram para o bot ${bot.slug}: ${why}`,
            {
              request_id: requestId,
              slug: bot.slug
            }
          )
          .pipe(Effect.as(given))

      const submit: TelegramWebhook["Service"]["submit"] = (bot, raw, requestId, done) => {
        let json: unknown
        try {
          json = JSON.parse(raw)
        } catch {
          return done(refused(bot, requestId, notJson, "o que chegou não é JSON"))
        }
        inbox.submit(bot, { raw, json, requestId }, (cause) => {
          if (cause === undefined) return done(undefined)
          const why = Option.match(Cause.findErrorOption(cause), { onNone: () => ourFault, onSome: inboxProblem })
          done(refused(bot, requestId, why, detailOf(cause)))
        })
      }

      const receive = (bot: Bot, raw: string, requestId: string) =>
        Effect.callback<Problem | undefined>((resume) =>
          submit(bot, raw, requestId, (refusal) => resume(refusal ?? accepted))
        )

      return TelegramWebhook.of({ admit, refuse, receive, submit })
    })
  )
}

const accepted: Effect.Effect<Problem | undefined> = Effect.as(Effect.void, undefined)

/** Of the bots as they are in memory: a bot that changed is another object. */
const secrets = new WeakMap<Bot, Buffer>()

const secretOf = (bot: Bot): Buffer => {
  const known = secrets.get(bot)
  if (known !== undefined) return known
  const secret = Buffer.from(Option.getOrElse(bot.webhookSecret, () => ""))
  secrets.set(bot, secret)
  return secret
}

// The length shows in the time taken, but all secrets of ours have the same one.
const isSecretOf = (bot: Bot, given: string): boolean => {
  const expected = secretOf(bot)
  const actual = Buffer.from(given)
  return expected.length > 0 && actual.length === expected.length && timingSafeEqual(actual, expected)
}
