import { Clock, Context, Effect, Layer, Option, Redacted } from "effect"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { BotsRepo } from "../repo/BotsRepo.ts"
import type { BotUnusable } from "../telegram/reasons.ts"
import { sentenceOf } from "../telegram/sentences.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import { Bots } from "./Bots.ts"
import { environmentKey, type OpenedToken, TokenVault } from "./TokenVault.ts"

// A bot that Telegram refused here and there but knows all the same is not asked for its name on every such answer.
const trustMs = 10_000

/** Takes a bot that Telegram no longer serves out of service, durably and loudly; a new token brings it back. */
export class BotHealth extends Context.Service<
  BotHealth,
  {
    /**
     * Telegram refused the bot as such. One getMe has to confirm it, since a proxy or a restarting server may answer
     * 404 or 421 once; then the bot is stopped, unless it has another token by now. Never fails.
     */
    readonly unusable: (bot: Bot, reason: BotUnusable) => Effect.Effect<void>
  }
>()("funil/bots/BotHealth") {
  static readonly layer = Layer.effect(
    BotHealth,
    Effect.gen(function* () {
      const bots = yield* Bots
      const repo = yield* BotsRepo
      const telegram = yield* TelegramClient
      const vault = yield* TokenVault
      const underWay = new Set<number>()
      const trustedUntil = new Map<number, number>()

      const confirm = Effect.fnUntraced(function* (bot: Bot, token: Redacted.Redacted<string>, reason: BotUnusable) {
        const me = yield* Effect.result(telegram.call(token, "getMe"))
        if (me._tag === "Failure" && me.failure.reason._tag === "BotUnusable") return me.failure.reason
        // A frozen account still knows its name; and no healthy one is ever called frozen.
        if (reason.why === "frozen") return reason
        trustedUntil.set(bot.id, (yield* Clock.currentTimeMillis) + trustMs)
        yield* Log.warn(
          `[AVISO] O Telegram recusou uma mensagem do bot ${bot.slug} (${sentenceOf(reason)}), mas não confirmou; o bot segue ativo`,
          { slug: bot.slug }
        )
        return undefined
      })

      const stop = Effect.fnUntraced(function* (bot: Bot, token: Redacted.Redacted<string>, reason: BotUnusable) {
        const [row] = yield* repo.load({ ids: [bot.id], slugs: [] })
        if (row === undefined) return
        const opened = vault.open(row)
        if (!Option.exists(opened.token, (now) => Redacted.value(now) === Redacted.value(token))) return
        const why = `${sentenceOf(reason)}. ${adviceFor(row.slug, opened, reason)}`
        if (!(yield* repo.stopUnusable(row, why.charAt(0).toUpperCase() + why.slice(1)))) return
        yield* Log.error(`[BOT] O bot ${row.slug} foi parado: ${why}`, { slug: row.slug, event_name: "bot_stopped" })
        yield* bots.reload(bot.id)
      })

      const judge = Effect.fnUntraced(function* (bot: Bot, reason: BotUnusable) {
        if (Option.isNone(bot.token)) return
        if ((trustedUntil.get(bot.id) ?? 0) > (yield* Clock.currentTimeMillis)) return
        const confirmed = yield* confirm(bot, bot.token.value, reason)
        if (confirmed === undefined) return
        yield* stop(bot, bot.token.value, confirmed).pipe(
          // Its next message is refused as well, and then it is tried again.
          Effect.catch((error) =>
            Log.recovered(
              `O bot ${bot.slug} precisa parar (${sentenceOf(confirmed)}), mas não pude gravar isso`,
              error,
              {
                slug: bot.slug
              }
            )
          )
        )
      })

      const unusable = Effect.fn("BotHealth.unusable")(function* (bot: Bot, reason: BotUnusable) {
        // Many messages are refused at the same moment; one of them asks.
        if (underWay.has(bot.id)) return
        underWay.add(bot.id)
        yield* Effect.ensuring(
          judge(bot, reason),
          Effect.sync(() => underWay.delete(bot.id))
        )
      })

      return BotHealth.of({ unusable })
    })
  )
}

const adviceFor = (slug: string, opened: OpenedToken, { why }: BotUnusable): string => {
  if (why === "misdirected") return "Desligue-o do outro servidor e ative-o de novo pelo painel."
  if (why === "frozen") return "Fale com o suporte do Telegram e depois ative o bot de novo pelo painel."
  return opened.source === "environment"
    ? `Troque o valor de TELEGRAM_TOKEN_${environmentKey(slug)}, ligue o serviço de novo e ative o bot pelo painel.`
    : "Informe um token novo do @BotFather pelo painel."
}
