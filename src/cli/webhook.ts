import { Effect, Option } from "effect"
import { Argument, Command } from "effect/cli"
import { Bots } from "../bots/Bots.ts"
import { webhookUrlOf } from "../bots/webhookKeeper.ts"
import { Webhooks } from "../bots/Webhooks.ts"
import { Config } from "../config.ts"
import { AdminError, NotFound } from "../domain/admin.ts"
import { BotsLayer } from "../layers.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import { json, show, told } from "./output.ts"

const slug = Argument.String("slug").pipe(Argument.withDescription("Nome curto do bot"))

const refuse = (message: string) => new AdminError({ reason: new NotFound({ message }) })

const botWithToken = Effect.fnUntraced(function* (name: string) {
  const bot = (yield* Bots).find(name)
  if (Option.isNone(bot)) return yield* refuse(`O bot ${name} não existe.`)
  if (Option.isNone(bot.value.token)) return yield* refuse(`O bot ${name} está sem token.`)
  return { bot: bot.value, token: bot.value.token.value }
})

const set = Command.make(
  "set",
  { slug, json },
  Effect.fn("Cli.webhook.set")(function* (input) {
    const config = yield* Config
    if (Option.isNone(config.publicUrl))
      return yield* refuse("Defina PUBLIC_URL: sem ela não há endereço para registrar.")
    const { bot } = yield* botWithToken(input.slug)
    yield* (yield* Webhooks).ensure(bot, { force: true })
    const done = { slug: bot.slug, url: webhookUrlOf(config.publicUrl.value, bot.slug) }
    yield* show(input.json, done, `Endereço do bot ${bot.slug} registrado no Telegram.`)
  }, told)
).pipe(Command.withDescription("Registra de novo o endereço do bot no Telegram"))

const info = Command.make(
  "info",
  { slug, json },
  Effect.fn("Cli.webhook.info")(function* (input) {
    const { token } = yield* botWithToken(input.slug)
    const state = yield* (yield* TelegramClient).call(token, "getWebhookInfo")
    const lines = [
      `Endereço:   ${state.url === "" || state.url === undefined ? "nenhum" : state.url}`,
      `Na fila:    ${state.pending_update_count} atualizações`,
      `Último erro: ${state.last_error_message ?? "nenhum"}`
    ]
    yield* show(input.json, state, lines.join("\n"))
  }, told)
).pipe(Command.withDescription("Mostra o que o Telegram sabe do endereço do bot"))

export const webhook = Command.make("webhook").pipe(
  Command.withDescription("Endereço dos bots no Telegram: set, info"),
  Command.withSubcommands([set, info]),
  Command.provide(BotsLayer)
)
