import { Effect } from "effect"
import { Argument, Command } from "effect/cli"
import { BotsLayer } from "../layers.ts"
import { Erasure } from "../tracking/Erasure.ts"
import { json, show, told } from "./output.ts"

const erase = Command.make(
  "erase",
  {
    slug: Argument.String("slug").pipe(Argument.withDescription("Nome curto do bot")),
    telegramId: Argument.Int("telegram_id").pipe(Argument.withDescription("Número da pessoa no Telegram")),
    json
  },
  Effect.fn("Cli.users.erase")(function* (input) {
    const erased = yield* (yield* Erasure).erase(input.slug, input.telegramId)
    yield* show(
      input.json,
      erased,
      `Pessoa apagada. Ficaram, sem dizer de quem são: ${erased.payments} pagamentos e ${erased.events} eventos.`
    )
  }, told)
).pipe(Command.withDescription("Apaga uma pessoa de um bot (LGPD); os pagamentos ficam, sem nome"))

export const users = Command.make("users").pipe(
  Command.withDescription("Pessoas: erase"),
  Command.withSubcommands([erase]),
  Command.provide(Erasure.layer),
  Command.provide(BotsLayer)
)
