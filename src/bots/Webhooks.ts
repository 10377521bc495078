import { Clock, Context, Effect, Exit, Layer, Option, type Redacted, Semaphore } from "effect"
import type { SqlError } from "effect/sql"
import { randomBytes } from "node:crypto"
import { Config } from "../config.ts"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { BotsRepo } from "../repo/BotsRepo.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import type { TelegramError } from "../telegram/TelegramError.ts"
import { BotHealth } from "./BotHealth.ts"
import { Bots } from "./Bots.ts"
import { makePace } from "./pace.ts"
import { checkRegistered, makeLook } from "./webhookChecks.ts"
import { isForGood, waitAfter } from "./webhookFailure.ts"
import { isRegistered, keepRegistered, webhookUrlOf } from "./webhookKeeper.ts"

/** What a bot of ours hears of; for webhooks and long polling alike. */
export const allowedUpdates = [
  "message",
  "callback_query",
  "my_chat_member",
  "chat_join_request",
  "chat_member"
] as const

/** Telegram's default. An update is acknowledged within milliseconds, so 40 at a time are thousands per second. */
const maxConnections = 40

type Token = Redacted.Redacted<string>

/**
 * Tells Telegram where our bots are reached, or that they are not. A secret is in the database before Telegram learns
 * it and stays the bot's secret until its token changes: a process that dies between the two, or two nodes doing this
 * at once, cannot end with Telegram and the database holding different ones.
 */
export class Webhooks extends Context.Service<
  Webhooks,
  {
    /**
     * Registers the bot's address, if there is a `PUBLIC_URL`, the bot is active and it is not registered already
     * (`force`: even then). A failure is kept in `webhook_error` and tried again in the background.
     */
    readonly ensure: (
      bot: Bot,
      options?: { readonly force?: boolean }
    ) => Effect.Effect<void, TelegramError | SqlError.SqlError>
    /**
     * Takes the address back, so that the bot's updates can be polled. Tries until Telegram answers. `forget`: without
     * those that Telegram holds now.
     */
    readonly release: (bot: Bot, options?: { readonly forget?: boolean }) => Effect.Effect<void>
  }
>()("funil/bots/Webhooks") {
  static readonly layer = Layer.effect(
    Webhooks,
    Effect.gen(function* () {
      const config = yield* Config
      const bots = yield* Bots
      const { unusable } = yield* BotHealth
      const repo = yield* BotsRepo
      const telegram = yield* TelegramClient
      const turn = yield* makePace
      const look = makeLook({ repo, telegram, updates: allowedUpdates })
      const locks = new Map<number, Semaphore.Semaphore>()

      const oneAtATime = (botId: number) => {
        const lock = locks.get(botId) ?? Semaphore.makeUnsafe(1)
        locks.set(botId, lock)
        return Semaphore.withPermit(lock)
      }

      /** Bots of the old systems do not know their own names yet. They serve without them, so a failure is no failure. */
      const identify = Effect.fnUntraced(
        function* (bot: Bot, token: Token) {
          if (Option.isSome(bot.username)) return
          const me = yield* telegram.call(token, "getMe")
          yield* repo.update(bot.id, {
            bot_username: me.username,
            bot_name: me.first_name,
            token_status: "validated",
            token_checked_at: new Date()
          })
        },
        (effect, bot) =>
          effect.pipe(
            Effect.catch((error) =>
              Log.recovered(`Não consegui saber o nome do bot ${bot.slug} no Telegram`, error, { slug: bot.slug })
            )
          )
      )

      const register = Effect.fnUntraced(function* (bot: Bot, token: Token, url: string) {
        let registered = false
        while (!registered) {
          const secret = yield* repo.webhookSecret(bot.id, randomBytes(48).toString("base64url"))
          if (secret === undefined) return
          yield* telegram.call(token, "setWebhook", {
            url,
            secret_token: secret,
            allowed_updates: allowedUpdates,
            max_connections: maxConnections,
            drop_pending_updates: false
          })
          registered = yield* repo.webhookRegistered(bot.id, url, secret)
        }
        yield* Log.info(`[WEBHOOK] Endereço do bot ${bot.slug} registrado no Telegram`, { slug: bot.slug })
        yield* identify(bot, token)
        // Another system that sets its own address at this very moment wins; the next check finds it.
        yield* Effect.ignore(look(bot, token, url, yield* Clock.currentTimeMillis))
      })

      const ensure = Effect.fn("Webhooks.ensure")(function* (asked: Bot, options?: { readonly force?: boolean }) {
        if (Option.isNone(config.publicUrl)) return
        const url = webhookUrlOf(config.publicUrl.value, asked.slug)
        const once = Effect.gen(function* () {
          const bot = Option.getOrElse(bots.byId(asked.id), () => asked)
          if (!bot.active || Option.isNone(bot.token)) return
          if (options?.force !== true && isRegistered(bot) && Option.contains(bot.webhookUrl, url)) return
          const exit = yield* Effect.exit(register(bot, bot.token.value, url))
          const failure = Exit.findErrorOption(exit)
          if (Option.isSome(failure) && failure.value._tag === "TelegramError") {
            yield* repo.webhookFailed(bot.id, failure.value.sentence)
          }
          // Not as a finalizer: with the database away it would wait through a shutdown.
          yield* bots.reload(bot.id)
          return yield* exit
        })
        yield* oneAtATime(asked.id)(once)
      })

      const release = Effect.fn("Webhooks.release")(function* (bot: Bot, options?: { readonly forget?: boolean }) {
        let failures = 0
        while (Option.isSome(bot.token)) {
          yield* turn
          const token = bot.token.value
          const result = yield* Effect.result(
            telegram
              .call(token, "deleteWebhook", { drop_pending_updates: options?.forget === true })
              .pipe(Effect.andThen(repo.webhookReleased(bot.id)), Effect.andThen(identify(bot, token)))
          )
          if (result._tag === "Success") return
          yield* Log.recovered(`Não consegui liberar o endereço do bot ${bot.slug} no Telegram`, result.failure, {
            slug: bot.slug
          })
          // What Telegram refuses for good, the polling that follows will say again.
          if (isForGood(result.failure)) return
          yield* Effect.sleep(waitAfter(result.failure, failures++))
        }
      })

      if (Option.isSome(config.publicUrl)) {
        const publicUrl = config.publicUrl.value
        const registerAgain = yield* keepRegistered({ bots, publicUrl, turn, ensure })
        yield* checkRegistered({ bots, repo, publicUrl, turn, look, registerAgain, unusable })
      }
      return Webhooks.of({ ensure, release })
    })
  ).pipe(Layer.provide(BotHealth.layer))
}
