import { Context, Effect, Layer, Option } from "effect"
import { SqlClient } from "effect/sql"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { BotAdmin } from "../../src/bots/BotAdmin.ts"
import { Bots } from "../../src/bots/Bots.ts"
import { Catalogue } from "../../src/bots/Catalogue.ts"
import { TokenVault } from "../../src/bots/TokenVault.ts"
import { Webhooks } from "../../src/bots/Webhooks.ts"
import { Config } from "../../src/config.ts"
import { Changes } from "../../src/db/Changes.ts"
import type { Bot } from "../../src/domain/bot.ts"
import type { MessageContent } from "../../src/domain/content.ts"
import { loggerLayer } from "../../src/log/Logger.ts"
import { Attachments } from "../../src/media/Attachments.ts"
import type { GivenFile } from "../../src/media/intake.ts"
import { MediaLibrary } from "../../src/media/MediaLibrary.ts"
import { MediaStore } from "../../src/media/MediaStore.ts"
import { Spool } from "../../src/media/spool.ts"
import { AddressPolicy } from "../../src/media/url/AddressPolicy.ts"
import { UrlImportLayer } from "../../src/media/UrlImport.ts"
import { WarmupLayer } from "../../src/media/Warmup.ts"
import { composeFor, type Recipient } from "../../src/messages/personal.ts"
import { Preview } from "../../src/messages/Preview.ts"
import { BotsRepo } from "../../src/repo/BotsRepo.ts"
import { MediaCacheRepo } from "../../src/repo/MediaCacheRepo.ts"
import { MediaRepo } from "../../src/repo/MediaRepo.ts"
import { DownsellsRepo } from "../../src/repo/DownsellsRepo.ts"
import { MessagesRepo } from "../../src/repo/MessagesRepo.ts"
import { PlansRepo } from "../../src/repo/PlansRepo.ts"
import { TrackingSettingsRepo } from "../../src/repo/TrackingSettingsRepo.ts"
import { UsersRepo } from "../../src/repo/UsersRepo.ts"
import { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import { TelegramClient } from "../../src/telegram/TelegramClient.ts"
import { TestDatabase } from "../support/postgres.ts"

export const token = "824078912:AAF-abcdefghijklmnopqrstuvwxyz_LEOBE"
export const otherToken = "555000111:AAF-zyxwvutsrqponmlkjihgfedcba_OUTRO"

export const ana = { id: 7_205_343_917, first_name: "Ana" }
export const warmupChat = { id: -1_001_234_567_890, type: "channel", title: "Aquecimento" } as const

/** A folder that goes with the scope. */
export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "funil-media-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const world = Layer.mergeAll(
  TestDatabase.layer,
  SandboxTelegram.layerWith({ timeScale: 0.01 }),
  loggerLayer({ level: "error", format: "text", write: () => undefined })
)

/** A test with a database and a Telegram of its own; its processes stop before they do. */
export const inWorld = <A, E, R>(test: Effect.Effect<A, E, R>) => test.pipe(Effect.scoped, Effect.provide(world))

const repos = Layer.mergeAll(
  BotsRepo.layer,
  PlansRepo.layer,
  DownsellsRepo.layer,
  MessagesRepo.layer,
  MediaRepo.layer,
  MediaCacheRepo.layer,
  TrackingSettingsRepo.layer,
  UsersRepo.layer
)

export interface NodeOptions {
  readonly dataDir: string
  readonly env?: Readonly<Record<string, string>>
  /** Without it, nothing is sent to a warm-up chat. */
  readonly warmup?: boolean
  readonly store?: Layer.Layer<MediaStore>
  readonly policy?: Layer.Layer<AddressPolicy>
}

const room = (options: NodeOptions) => {
  const config = Layer.effect(
    Config,
    Effect.gen(function* () {
      const { url } = yield* SandboxTelegram
      const env = {
        ADMIN_TOKEN: "senha-de-teste-0123456789",
        ENCRYPTION_KEY: "0123456789abcdef".repeat(4),
        TELEGRAM_API_URL: url,
        ...options.env
      }
      const parsed = yield* Layer.build(Config.layerFrom(env))
      return { ...Context.get(parsed, Config), dataDir: options.dataDir }
    })
  )
  const bytes = Layer.merge(options.store ?? MediaStore.layer, Spool.layer)
  const media = Layer.mergeAll(MediaLibrary.layer, Preview.layer, options.warmup === true ? WarmupLayer : Layer.empty)
  return Layer.merge(BotAdmin.layer, media).pipe(
    Layer.provideMerge(Webhooks.layer),
    Layer.provideMerge(Attachments.layer),
    Layer.provideMerge(Bots.layer),
    Layer.provideMerge(Catalogue.layer),
    Layer.provideMerge(UrlImportLayer.pipe(Layer.provide(options.policy ?? AddressPolicy.layer))),
    Layer.provideMerge(bytes),
    Layer.provideMerge(Layer.mergeAll(TokenVault.layer, TelegramClient.layer, repos, Changes.layer)),
    Layer.provideMerge(config)
  )
}

/** One process of the service, as far as media go. Several share the database of the test. */
export const startNode = Effect.fnUntraced(function* (options: NodeOptions) {
  const lines: Array<string> = []
  const logger = yield* Layer.build(
    loggerLayer({ level: "debug", format: "text", write: (text) => void lines.push(text) })
  )
  const memo = yield* Layer.makeMemoMap
  const context = yield* Layer.buildWithMemoMap(
    Layer.provide(room(options), Layer.succeedContext(logger)),
    memo,
    yield* Effect.scope
  )
  const get = <I, S>(service: Context.Key<I, S>): S => Context.getUnsafe(context, service)
  const bots = get(Bots)
  const library = get(MediaLibrary)
  const attachments = get(Attachments)
  const telegram = get(TelegramClient)
  const spool = get(Spool)

  const bot = (slug = "vip"): Bot => Option.getOrThrow(bots.find(slug))

  const upload = (bytes: Uint8Array, given: GivenFile = {}, slug = "vip") =>
    Effect.gen(function* () {
      const owner = yield* library.ownerOf(slug)
      const file = yield* spool.take(Readable.from([bytes]), 100_000_000)
      return yield* library.add(owner, file, given)
    }).pipe(Effect.scoped, Effect.provideContext(logger))

  /** A message as the sender brings it to a person. */
  const send = Effect.fnUntraced(function* (
    content: MessageContent,
    person: { readonly id: number } = ana,
    slug = "vip"
  ) {
    const to: Recipient = { telegramId: person.id, firstName: "Ana" }
    const from = bot(slug)
    return yield* Effect.forEach(composeFor(from, to, content), (call) =>
      attachments.attach(from, call, (ready) =>
        telegram.call(Option.getOrThrow(bot(slug).token), ready.method, ready.payload)
      )
    )
  }, Effect.provideContext(logger))

  return {
    bots,
    library,
    attachments,
    admin: get(BotAdmin),
    preview: get(Preview),
    store: get(MediaStore),
    bot,
    upload,
    send,
    /** What its fibers wrote so far; the logger writes once per turn of the event loop. */
    log: Effect.callback<string>((resume) => void setImmediate(() => resume(Effect.succeed(lines.join("")))))
  }
})

export type MediaNode = Effect.Success<ReturnType<typeof startNode>>

/** A Telegram with the bot and somebody who talked to it, and a process in which the bot is `vip`. */
export const shop = Effect.fnUntraced(function* (options: Partial<NodeOptions> = {}) {
  const telegram = yield* SandboxTelegram
  const dataDir = options.dataDir ?? (yield* folder)
  yield* telegram.addBot({ token, username: "vip_bot", name: "Vip" })
  yield* telegram.person(ana)
  yield* telegram.sendText(token, ana, "/start")
  yield* telegram.addGroup(token, warmupChat)
  const node = yield* startNode({ ...options, dataDir })
  yield* node.admin.create({ slug: "vip", token, gateway: "pushinpay" })
  return { ...node, telegram, dataDir, sql: yield* SqlClient.SqlClient }
})

/** Calls that brought bytes to Telegram. */
export const uploadsIn = Effect.fnUntraced(function* (telegram: SandboxTelegram["Service"]) {
  return (yield* telegram.calls).filter((call) => call.files.length > 0)
})

export const write = (path: string, bytes: Uint8Array) => Effect.sync(() => writeFileSync(path, bytes))
