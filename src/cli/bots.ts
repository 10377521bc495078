import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { BotAdmin } from "../bots/BotAdmin.ts"
import { type BotView, GatewayName } from "../domain/admin.ts"
import { BotsLayer } from "../layers.ts"
import { json, show, told } from "./output.ts"

const slug = Argument.String("slug").pipe(Argument.withDescription("Nome curto do bot"))

const line = (bot: BotView) =>
  [
    bot.slug.padEnd(20),
    (bot.active ? "ligado" : "parado").padEnd(7),
    bot.gateway.padEnd(10),
    bot.username === null ? "-" : `@${bot.username}`,
    bot.webhook.url ?? "sem webhook",
    bot.inactive_reason ?? ""
  ].join(" ")

const list = Command.make(
  "list",
  { json },
  Effect.fn("Cli.bots.list")(function* (input) {
    const all = yield* (yield* BotAdmin).list
    yield* show(input.json, all, all.length === 0 ? "Nenhum bot cadastrado." : all.map(line).join("\n"))
  })
).pipe(Command.withDescription("Mostra os bots"))

const add = Command.make(
  "add",
  {
    slug,
    token: Flag.String("token").pipe(Flag.withDescription("Token do @BotFather")),
    name: Flag.String("name").pipe(Flag.withDescription("Nome para as pessoas"), Flag.optional),
    gateway: Flag.Literals("gateway", GatewayName.literals).pipe(
      Flag.withDescription("Gateway de pagamento"),
      Flag.withDefault("pushinpay")
    ),
    json
  },
  Effect.fn("Cli.bots.add")(function* (input) {
    const bot = yield* (yield* BotAdmin).create({
      slug: input.slug,
      token: input.token,
      gateway: input.gateway,
      ...Option.match(input.name, { onNone: () => ({}), onSome: (name) => ({ name }) })
    })
    yield* show(input.json, bot, `Bot cadastrado:\n${line(bot)}`)
  }, told)
).pipe(Command.withDescription("Cadastra um bot"))

const setActive = (active: boolean) =>
  Effect.fn("Cli.bots.setActive")(function* (input: { readonly slug: string; readonly json: boolean }) {
    const bot = yield* (yield* BotAdmin).patch(input.slug, { active })
    yield* show(input.json, bot, line(bot))
  }, told)

const pause = Command.make("pause", { slug, json }, setActive(false)).pipe(Command.withDescription("Para um bot"))
const resume = Command.make("resume", { slug, json }, setActive(true)).pipe(
  Command.withDescription("Liga um bot de novo")
)

export const bots = Command.make("bots").pipe(
  Command.withDescription("Bots: list, add, pause, resume"),
  Command.withSubcommands([list, add, pause, resume]),
  Command.provide(BotsLayer)
)
