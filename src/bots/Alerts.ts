import { Context, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import type { AdminError } from "../domain/admin.ts"
import type { Alert, AlertSettings } from "../domain/alert.ts"
import * as Log from "../log/Log.ts"
import { AlertsRepo } from "../repo/AlertsRepo.ts"
import { sentenceOf } from "../telegram/sentences.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import { alertsOf } from "./alertsOf.ts"
import { Bots } from "./Bots.ts"
import { invalid, orDefect } from "./refusals.ts"

/** Tells the operator in his own Telegram chat what should not wait until he looks; at most once per cause in ten minutes. */
export class Alerts extends Context.Service<
  Alerts,
  {
    readonly settings: Effect.Effect<AlertSettings>
    readonly save: (settings: AlertSettings) => Effect.Effect<AlertSettings, AdminError>
    /** Writes to the chat of these settings, saved or not, so that the operator sees whether alerts would arrive. */
    readonly test: (settings: AlertSettings) => Effect.Effect<AlertSettings, AdminError>
    /** Looks at how things are and tells what is news. */
    readonly look: Effect.Effect<void, SqlError.SqlError>
  }
>()("funil/bots/Alerts") {
  static readonly layer = Layer.effect(
    Alerts,
    Effect.gen(function* () {
      const bots = yield* Bots
      const repo = yield* AlertsRepo
      const telegram = yield* TelegramClient

      const send = Effect.fnUntraced(function* (slug: string, chatId: string, alert: Alert) {
        const token = Option.flatMap(bots.find(slug), (bot) => bot.token)
        if (Option.isNone(token)) return yield* repo.giveBack(alert.cause)
        yield* telegram.call(token.value, "sendMessage", { chat_id: chatId, text: alert.text }).pipe(
          Effect.tap(() => Log.info(`[ALERTA] Operador avisado: ${alert.text}`, { slug, cause: alert.cause })),
          Effect.catchTag("TelegramError", (error) =>
            Effect.andThen(
              Log.recovered(`O aviso ao operador não saiu pelo bot ${slug}`, error, { slug, cause: alert.cause }),
              error.reason.retryable ? repo.giveBack(alert.cause) : Effect.void
            )
          )
        )
      })

      /** Both or neither, and a bot that is there. */
      const botOf = Effect.fnUntraced(function* ({ bot: slug, chat_id }: AlertSettings) {
        const bot = slug === null ? Option.none() : bots.find(slug)
        if (slug !== null && Option.isNone(bot)) return yield* invalid({ bot: "Não existe um bot com este endereço." })
        if ((slug === null) !== (chat_id === null)) {
          return yield* invalid({ chat_id: "Informe o bot e o chat, ou nenhum dos dois." })
        }
        return bot
      })

      return Alerts.of({
        settings: Effect.orDie(repo.settings),
        save: Effect.fn("Alerts.save")(function* (settings: AlertSettings) {
          const bot = yield* botOf(settings)
          yield* repo.save(Option.getOrNull(Option.map(bot, ({ id }) => id)), settings.chat_id)
          yield* Log.info(
            Option.isNone(bot) ? "[ALERTA] Avisos desligados" : `[ALERTA] Avisos ligados pelo bot ${bot.value.slug}`
          )
          return yield* repo.settings
        }, orDefect),
        test: Effect.fn("Alerts.test")(function* (settings: AlertSettings) {
          const bot = yield* botOf(settings)
          if (Option.isNone(bot)) return yield* invalid({ bot: "Escolha o bot que vai escrever." })
          const { slug, token } = bot.value
          if (Option.isNone(token)) return yield* invalid({ bot: "Este bot não tem um token que sirva." })
          const call = { chat_id: settings.chat_id, text: "✅ Teste do Funil: os avisos vão chegar aqui." }
          yield* Effect.mapError(telegram.call(token.value, "sendMessage", call), ({ reason }) =>
            invalid({ chat_id: `O teste não chegou: ${sentenceOf(reason)}. Esse chat já enviou /start a este bot?` })
          )
          yield* Log.info(`[ALERTA] Aviso de teste enviado pelo bot ${slug}`, { slug })
          return settings
        }),
        look: Effect.gen(function* () {
          const { bot, chat_id } = yield* repo.settings
          if (bot === null || chat_id === null) return
          const alerts = alertsOf(yield* repo.signs)
          const news = new Set(yield* repo.take(alerts))
          for (const alert of alerts) if (news.has(alert.cause)) yield* send(bot, chat_id, alert)
        }).pipe(Effect.withSpan("Alerts.look"))
      })
    })
  )
}
