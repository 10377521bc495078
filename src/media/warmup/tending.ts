import { Clock, Effect, Option, Result, Semaphore } from "effect"
import { Bots } from "../../bots/Bots.ts"
import { telegramIdOf } from "../../bots/TokenVault.ts"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import { mediaCall } from "../../messages/calls.ts"
import { BotsRepo } from "../../repo/BotsRepo.ts"
import { type CacheKey, type ColdFile, MediaCacheRepo } from "../../repo/MediaCacheRepo.ts"
import { TelegramClient } from "../../telegram/TelegramClient.ts"
import { Attachments, type UploadError } from "../Attachments.ts"
import { afterFailure } from "./afterFailure.ts"

/** Something to send, somewhere to send it, and somebody to send it as. */
export const needsWarmup = (bot: Bot): boolean =>
  bot.active &&
  Option.isSome(bot.token) &&
  Option.isSome(bot.warmupChatId) &&
  [...bot.media.values()].some((media) => media.id !== undefined && media.fileId === undefined)

// One chat takes about a message a second, and Telegram spaces uploads of one size by up to 0.9 s (facts, section 2).
const everyMs = 1_000
// Uploads under way at once, of all bots together: they share one line.
const atOnce = 4

/** Sends a bot's files to its warm-up chat until none is left to send; `changed` tells that the bot is another one now. */
export const makeTending = Effect.gen(function* () {
  const attachments = yield* Attachments
  const bots = yield* Bots
  const botsRepo = yield* BotsRepo
  const cache = yield* MediaCacheRepo
  const telegram = yield* TelegramClient
  const uploads = yield* Semaphore.make(atOnce)
  const startedAt = new Map<number, number>()

  const pace = Effect.fnUntraced(function* (botId: number) {
    const wait = (startedAt.get(botId) ?? 0) + everyMs - (yield* Clock.currentTimeMillis)
    if (wait > 0) yield* Effect.sleep(wait)
    startedAt.set(botId, yield* Clock.currentTimeMillis)
  })

  const send = (bot: Bot, chatId: string, { id, kind, sha256, storedKind }: ColdFile) => {
    const media = { id, kind, storedKind, sha256, fileId: undefined }
    const call = mediaCall({ chatId, content: {} }, { kind, cold: media }, "", undefined)
    const quiet = { ...call, payload: { ...call.payload, disable_notification: true } }
    return Option.match(bot.token, {
      onNone: () => Effect.void,
      onSome: (token) => attachments.warm(bot, quiet, ({ method, payload }) => telegram.call(token, method, payload))
    })
  }

  const explain = (bot: Bot, file: ColdFile, error: UploadError) =>
    Log.recovered(`A mídia ${file.id} do bot ${bot.slug} ainda não está pronta`, error, {
      slug: bot.slug,
      media_id: file.id
    })

  /** Answers how long the whole bot has to wait. */
  const warm = Effect.fn("Warmup.warm")(function* (bot: Bot, key: CacheKey, chatId: string, file: ColdFile) {
    yield* pace(bot.id)
    const result = yield* Effect.result(Semaphore.withPermit(uploads)(send(bot, chatId, file)))
    if (Result.isSuccess(result)) return 0
    yield* explain(bot, file, result.failure)
    const step = afterFailure(result.failure, file.attempts)
    switch (step._tag) {
      case "Moved":
        yield* botsRepo.update(bot.id, { warmup_chat_id: String(step.chatId) })
        yield* bots.reload(bot.id)
        return 0
      case "Later":
        yield* cache.postpone(key, step.seconds)
        return step.seconds
      case "Failed":
        yield* cache.failed(key, step.error, step.seconds)
        return step.everyFile ? step.seconds : 0
    }
  })

  /** Seconds until there may be something to do; nothing when there is not. */
  const next = Effect.fnUntraced(function* (botId: number) {
    const bot = Option.getOrUndefined(bots.byId(botId))
    if (bot === undefined || !needsWarmup(bot)) return undefined
    const telegramBotId = telegramIdOf(Option.getOrThrow(bot.token))
    const cold = yield* cache.nextCold({ slug: bot.slug, telegramBotId }, attachments.owner)
    if (Option.isNone(cold)) return undefined
    const { sha256, storedKind, waitSeconds } = cold.value
    if (waitSeconds > 0) return waitSeconds
    const key = { botSlug: bot.slug, sha256, storedKind, telegramBotId }
    return yield* warm(bot, key, Option.getOrThrow(bot.warmupChatId), cold.value)
  })

  return Effect.fnUntraced(function* (botId: number, changed: Effect.Effect<void>) {
    while (true) {
      const wait = yield* next(botId).pipe(
        Effect.catchTag("SqlError", (error) =>
          Effect.as(Log.recovered("As mídias dos bots esperam pelo banco de dados", error), 5)
        )
      )
      if (wait === undefined) return
      if (wait > 0) yield* Effect.timeoutOption(changed, wait * 1000)
    }
  })
})
