import { Effect, Option, Schema } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { BotAdmin } from "../bots/BotAdmin.ts"
import { BotCopyInput, BotInput, type BotView, GatewayName } from "../domain/admin.ts"
import { BotCopy } from "../funnel/BotCopy.ts"
import { BotsLayer, FunnelLayer } from "../layers.ts"
import { checked, tokenFlag, tokenFrom } from "./input.ts"
import { failed, json, show, told } from "./output.ts"

const readBot = checked(BotInput)
const readToken = checked(Schema.Struct({ token: BotInput.fields.token }))
const readCopy = checked(BotCopyInput)

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
    token: tokenFlag,
    name: Flag.String("name").pipe(Flag.withDescription("Nome para as pessoas"), Flag.optional),
    gateway: Flag.Literals("gateway", GatewayName.literals).pipe(
      Flag.withDescription("Gateway de pagamento"),
      Flag.withDefault("pushinpay")
    ),
    json
  },
  Effect.fn("Cli.bots.add")(function* (input) {
    const name = Option.match(input.name, { onNone: () => ({}), onSome: (given) => ({ name: given }) })
    const token = yield* tokenFrom(input.token)
    const wanted = yield* readBot({ slug: input.slug, token, gateway: input.gateway, ...name })
    const bot = yield* (yield* BotAdmin).create(wanted)
    yield* show(input.json, bot, `Bot cadastrado:\n${line(bot)}`)
  }, told)
).pipe(Command.withDescription("Cadastra um bot"))

const token = Command.make(
  "token",
  { slug, token: tokenFlag, json },
  Effect.fn("Cli.bots.token")(function* (input) {
    const wanted = yield* readToken({ token: yield* tokenFrom(input.token) })
    const bot = yield* (yield* BotAdmin).patch(input.slug, wanted)
    yield* show(input.json, bot, `Token gravado:\n${line(bot)}`)
  }, told)
).pipe(Command.withDescription("Dá a um bot o token do @BotFather, o primeiro ou um novo"))

const setActive = (active: boolean) =>
  Effect.fn("Cli.bots.setActive")(function* (input: { readonly slug: string; readonly json: boolean }) {
    const bot = yield* (yield* BotAdmin).patch(input.slug, { active })
    const stays = active && !bot.active
    yield* show(
      input.json,
      bot,
      stays
        ? `O bot ${bot.slug} não ligou. ${bot.inactive_reason ?? ""}`
        : active
          ? `O bot ${bot.slug} está ligado.`
          : `O bot ${bot.slug} está parado: não responde a ninguém, e downsells e disparos esperam. De volta: bots resume ${bot.slug}`
    )
    if (stays) yield* failed
  }, told)

const pause = Command.make("pause", { slug, json }, setActive(false)).pipe(Command.withDescription("Para um bot"))
const resume = Command.make("resume", { slug, json }, setActive(true)).pipe(
  Command.withDescription("Liga um bot de novo")
)

const clone = Command.make(
  "clone",
  {
    slug,
    newSlug: Argument.String("novo_slug").pipe(Argument.withDescription("Nome curto da cópia")),
    name: Flag.String("name").pipe(Flag.withDescription("Nome da cópia para as pessoas"), Flag.optional),
    json
  },
  Effect.fn("Cli.bots.clone")(function* (input) {
    const name = Option.match(input.name, { onNone: () => ({}), onSome: (given) => ({ name: given }) })
    const bot = yield* (yield* BotCopy).copy(input.slug, yield* readCopy({ slug: input.newSlug, ...name }))
    yield* show(
      input.json,
      bot,
      `Bot copiado:\n${line(bot)}\n` +
        "Vieram os ajustes, o pixel, os planos, as mensagens, os downsells e, como rascunho, os disparos.\n" +
        `Falta o token: npm run cli -- bots token ${bot.slug} --token <token do @BotFather>`
    )
  }, told)
).pipe(Command.withDescription("Copia um bot inteiro, menos o token e as pessoas"))

export const bots = Command.make("bots").pipe(
  Command.withDescription("Bots: list, add, token, pause, resume, clone"),
  Command.withSubcommands([list, add, token, pause, resume, clone]),
  Command.provide(FunnelLayer),
  Command.provide(BotsLayer)
)
