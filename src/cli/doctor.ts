import { Effect, Option } from "effect"
import { Command } from "effect/cli"
import { SqlClient } from "effect/sql"
import { Bots } from "../bots/Bots.ts"
import { Config } from "../config.ts"
import type { Bot } from "../domain/bot.ts"
import { BotsLayer } from "../layers.ts"
import { detailOf } from "../log/sentences.ts"
import { TelegramClient } from "../telegram/TelegramClient.ts"
import { json, show } from "./output.ts"

interface Finding {
  readonly what: string
  readonly ok: boolean
  readonly detail: string
}

const good = (what: string, detail: string): Finding => ({ what, ok: true, detail })
const bad = (what: string, detail: string): Finding => ({ what, ok: false, detail })

/** One line for each thing that must work, what to do about it, and exit code 1 if something does not. */
export const doctor = Command.make(
  "doctor",
  { json },
  Effect.fn("Cli.doctor")(function* (input) {
    const findings = yield* examine.pipe(
      Effect.provide(BotsLayer),
      Effect.catchCause((cause) => Effect.succeed([bad("Banco de dados", detailOf(cause))]))
    )
    const lines = findings.map((one) => `${one.ok ? "✔" : "✘"} ${one.what}: ${one.detail}`)
    yield* show(input.json, findings, lines.join("\n"))
    if (findings.some((one) => !one.ok)) yield* Effect.sync(() => void (process.exitCode = 1))
  })
).pipe(Command.withDescription("Confere banco de dados, endereço público, bots e gateways"))

const examine = Effect.gen(function* () {
  const config = yield* Config
  const bots = (yield* Bots).all()
  const general = [yield* database, publicAddress(config), gateways(config)]
  const each = yield* Effect.forEach(bots, botFinding, { concurrency: 4 })
  return [...general, ...(bots.length === 0 ? [bad("Bots", "nenhum cadastrado; use: npm run cli -- bots add")] : each)]
})

const database = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ version: string; skew: number }>`
    select current_setting('server_version') as version,
      abs(extract(epoch from clock_timestamp()) - ${Date.now() / 1000})::float8 as skew`
  const skew = row?.skew ?? 0
  return skew > 5
    ? bad("Banco de dados", `o relógio dele está ${Math.round(skew)} s diferente do desta máquina; acerte os relógios`)
    : good("Banco de dados", `PostgreSQL ${row?.version} respondendo, migrações em dia`)
})

const publicAddress = (config: Config["Service"]): Finding =>
  Option.match(config.publicUrl, {
    onNone: () => bad("Endereço público", "PUBLIC_URL vazio: sem ele os gateways não avisam na hora; defina um https"),
    onSome: (url) => good("Endereço público", url)
  })

const gateways = (config: Config["Service"]): Finding =>
  Option.isSome(config.pushinpay.token)
    ? good("PushinPay", "token configurado")
    : bad("PushinPay", "falta PUSHINPAY_TOKEN no .env; sem ele nenhum PIX é gerado")

const botFinding = Effect.fnUntraced(function* (bot: Bot) {
  const what = `Bot ${bot.slug}`
  if (Option.isNone(bot.token)) return bad(what, "sem token; informe um com: npm run cli -- bots add, ou pela API")
  if (!bot.active) return good(what, "parado")
  const telegram = yield* TelegramClient
  return yield* telegram.call(bot.token.value, "getMe").pipe(
    Effect.map((me) => good(what, `o Telegram respondeu: @${me.username}`)),
    Effect.catchTag("TelegramError", (error) => Effect.succeed(bad(what, error.sentence)))
  )
})
