import { Clock, Effect, Option } from "effect"
import { TokenVault } from "../../bots/TokenVault.ts"
import { inspect } from "../../bots/webhookDrift.ts"
import { webhookUrlOf } from "../../bots/webhookKeeper.ts"
import { allowedUpdates } from "../../bots/Webhooks.ts"
import { Config } from "../../config.ts"
import { type BotRow, BotsRepo } from "../../repo/BotsRepo.ts"
import { TelegramClient } from "../../telegram/TelegramClient.ts"
import { bad, type Finding, good, off } from "./finding.ts"

/** Each bot: does Telegram know its token, and does it deliver to our address? */
export const botFindings = Effect.gen(function* () {
  const rows = yield* (yield* BotsRepo).load()
  if (rows.length === 0) {
    return [bad("Bots", "nenhum cadastrado", "Rode: npm run cli -- bots add NOME, ou cadastre o bot no painel.")]
  }
  return (yield* Effect.forEach(rows, findingsOf, { concurrency: 4 })).flat()
})

const findingsOf = Effect.fnUntraced(function* (row: BotRow) {
  const what = `Bot ${row.slug}`
  const opened = (yield* TokenVault).open(row)
  if (Option.isNone(opened.token)) {
    return opened.broken
      ? [
          bad(
            what,
            "o token guardado não abre com esta ENCRYPTION_KEY",
            `Ponha de volta a chave antiga, ou rode: npm run cli -- bots token ${row.slug}`
          )
        ]
      : [bad(what, "sem token", `Rode: npm run cli -- bots token ${row.slug} (ou informe o token pelo painel).`)]
  }
  if (!row.active) return [off(what, row.inactiveReason ?? "parado")]
  const token = opened.token.value
  const telegram = yield* TelegramClient
  return yield* telegram.call(token, "getMe").pipe(
    Effect.flatMap((me) =>
      Effect.map(webhookFinding(row), (webhook) => [good(what, `o Telegram respondeu: @${me.username}`), ...webhook])
    ),
    Effect.catchTag("TelegramError", (error) =>
      Effect.succeed([
        bad(what, error.sentence, `Pegue o token atual no @BotFather e rode: npm run cli -- bots token ${row.slug}`)
      ])
    )
  )

  function webhookFinding(bot: BotRow) {
    return Effect.gen(function* () {
      const { publicUrl } = yield* Config
      const info = yield* telegram.call(token, "getWebhookInfo")
      const name = `Webhook ${bot.slug}`
      if (Option.isNone(publicUrl)) return [] as ReadonlyArray<Finding>
      const ours = { url: webhookUrlOf(publicUrl.value, bot.slug), registeredAtMs: 0, updates: allowedUpdates }
      const { error, pending } = inspect(info, ours, yield* Clock.currentTimeMillis)
      return error === null
        ? [good(name, `registrado, ${pending} mensagens na fila`)]
        : [bad(name, error, `Rode: npm run cli -- webhook set ${bot.slug}`)]
    })
  }
})
