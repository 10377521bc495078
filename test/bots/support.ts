import { Context, Deferred, Duration, Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Alerts } from "../../src/bots/Alerts.ts"
import { BotAdmin } from "../../src/bots/BotAdmin.ts"
import { MediaImport } from "../../src/bots/MediaImport.ts"
import { BotHealth } from "../../src/bots/BotHealth.ts"
import { Bots } from "../../src/bots/Bots.ts"
import { Catalogue } from "../../src/bots/Catalogue.ts"
import { TokenVault } from "../../src/bots/TokenVault.ts"
import { Webhooks } from "../../src/bots/Webhooks.ts"
import { Config } from "../../src/config.ts"
import { Changes } from "../../src/db/Changes.ts"
import type { Bot } from "../../src/domain/bot.ts"
import { loggerLayer } from "../../src/log/Logger.ts"
import { AlertsRepo } from "../../src/repo/AlertsRepo.ts"
import { BotsRepo } from "../../src/repo/BotsRepo.ts"
import { MediaRepo } from "../../src/repo/MediaRepo.ts"
import { DownsellsRepo } from "../../src/repo/DownsellsRepo.ts"
import { MessagesRepo } from "../../src/repo/MessagesRepo.ts"
import { PlansRepo } from "../../src/repo/PlansRepo.ts"
import { TrackingSettingsRepo } from "../../src/repo/TrackingSettingsRepo.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { TelegramClient } from "../../src/telegram/TelegramClient.ts"
import { TestDatabase } from "../support/postgres.ts"

export const encryptionKey = "0123456789abcdef".repeat(4)

const surroundings = Layer.mergeAll(
  SandboxTelegram.layerWith({ timeScale: 0.01 }),
  loggerLayer({ level: "error", format: "text", write: () => undefined })
)
const world = Layer.merge(TestDatabase.layer, surroundings)
const oldWorld = Layer.merge(TestDatabase.layerEmpty, surroundings)

/** A test with a database and a Telegram of its own; its processes stop before they do. */
export const inWorld = <A, E, R>(test: Effect.Effect<A, E, R>) => test.pipe(Effect.scoped, Effect.provide(world))

/** The same over a database in which there is nothing yet, not even tables. */
export const inOldWorld = <A, E, R>(test: Effect.Effect<A, E, R>) => test.pipe(Effect.scoped, Effect.provide(oldWorld))

const repos = Layer.mergeAll(
  AlertsRepo.layer,
  BotsRepo.layer,
  PlansRepo.layer,
  DownsellsRepo.layer,
  MessagesRepo.layer,
  MediaRepo.layer,
  TrackingSettingsRepo.layer
)

/** Every address leads to a file of its own, as the media room would have stored it. */
const imports = Layer.effect(
  MediaImport,
  Effect.map(SqlClient.SqlClient, (sql) => ({
    fetch: (bot, { kind, url }) =>
      Effect.map(
        sql<{ readonly id: number }>`
          insert into media_store (bot_slug, kind, r2_key, bytes, sha256) values (${bot.slug}, ${kind}, ${url}, 1, ${url})
          returning id`,
        ([row]) => row!.id
      )
  }))
)

const room = (env: Readonly<Record<string, string>>, lines: Array<string>) => {
  const config = Layer.unwrap(
    Effect.map(SandboxTelegram, ({ url }) =>
      Config.layerFrom({
        ADMIN_TOKEN: "senha-de-teste-0123456789",
        ENCRYPTION_KEY: encryptionKey,
        TELEGRAM_API_URL: url,
        ...env
      })
    )
  )
  return Layer.mergeAll(BotAdmin.layer, BotHealth.layer, Alerts.layer).pipe(
    Layer.provideMerge(Webhooks.layer),
    Layer.provideMerge(Bots.layer),
    Layer.provideMerge(Catalogue.layer),
    Layer.provideMerge(Layer.mergeAll(TokenVault.layer, TelegramClient.layer, repos, Changes.layer, imports)),
    Layer.provide(config),
    Layer.provide(loggerLayer({ level: "debug", format: "text", write: (text) => void lines.push(text) }))
  )
}

/** One process of the service, as far as this room goes. Several share the database of the test. */
export const startNode = Effect.fnUntraced(function* (env: Readonly<Record<string, string>> = {}) {
  const lines: Array<string> = []
  const memo = yield* Layer.makeMemoMap
  const context = yield* Layer.buildWithMemoMap(room(env, lines), memo, yield* Effect.scope)
  return {
    bots: Context.get(context, Bots),
    admin: Context.get(context, BotAdmin),
    health: Context.get(context, BotHealth),
    alerts: Context.get(context, Alerts),
    webhooks: Context.get(context, Webhooks),
    catalogue: Context.get(context, Catalogue),
    /** What its fibers wrote so far; the logger writes once per turn of the event loop. */
    log: Effect.callback<string>((resume) => void setImmediate(() => resume(Effect.succeed(lines.join("")))))
  }
})

/** The bot as soon as it is what the test waits for. */
export const seen = (bots: Bots["Service"], check: (bot: Bot) => boolean, deadlineSeconds = 10) =>
  Effect.gen(function* () {
    const found = yield* Deferred.make<Bot>()
    yield* bots.onChange((bot) => (check(bot) ? Effect.asVoid(Deferred.succeed(found, bot)) : Effect.void))
    return yield* Effect.timeout(Deferred.await(found), Duration.seconds(deadlineSeconds))
  })
