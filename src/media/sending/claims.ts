import { Clock, Effect, Exit, Option } from "effect"
import { InputFile } from "grammy"
import { randomUUID } from "node:crypto"
import { telegramIdOf } from "../../bots/TokenVault.ts"
import type { Bot } from "../../domain/bot.ts"
import type { BotMedia } from "../../domain/botMedia.ts"
import * as Log from "../../log/Log.ts"
import { type CacheKey, MediaCacheRepo } from "../../repo/MediaCacheRepo.ts"
import { type FileRow, MediaRepo } from "../../repo/MediaRepo.ts"
import { labelOf } from "../heal.ts"
import { MediaStore } from "../MediaStore.ts"
import { MediaStoreError, MissingFile, StoreAway } from "../MediaStoreError.ts"
import { complaintOf } from "../../messages/complaints.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"
import type { LearntFile } from "./answer.ts"

/** A file whose upload is ours, ready to be read. */
export interface Claimed {
  readonly key: CacheKey
  readonly media: BotMedia
  readonly file: InputFile
  /** Its place in the call. */
  readonly index: number
}

const renewEvery = "3 seconds"
const lookEvery = "250 millis"
// Longer than any upload that goes well; then two at once are better than none.
const patienceMs = 60_000
const storePatience = "5 seconds"
const refusedRetrySeconds = 3_600

/** Uploads that belong to this process, in `media_cache`: at most one of each file and bot, on all nodes together. */
export const makeClaims = Effect.gen(function* () {
  const cache = yield* MediaCacheRepo
  const repo = yield* MediaRepo
  const store = yield* MediaStore
  const owner = randomUUID()
  // grammY opens a file by a promise.
  const run = Effect.runPromiseWith(yield* Effect.context<never>())

  const keyOf = (bot: Bot, media: BotMedia): CacheKey => ({
    botSlug: bot.slug,
    sha256: media.sha256,
    storedKind: media.storedKind,
    telegramBotId: Option.match(bot.token, { onNone: () => 0, onSome: telegramIdOf })
  })

  /** People may be waiting for the answer. */
  const isStored = (key: string) =>
    store.exists(key).pipe(
      Effect.timeoutOrElse({
        duration: storePatience,
        orElse: () => new MediaStoreError({ operation: "exists", reason: new StoreAway({ detail: "demora" }) })
      })
    )

  const rowOf = Effect.fnUntraced(function* (bot: Bot, media: BotMedia) {
    const row = yield* repo.findByHash(bot.slug, media.storedKind, media.sha256)
    // Before the claim: a file of the old systems that is nowhere leaves their rows as they are.
    if (Option.isNone(row) || !(yield* isStored(row.value.key))) {
      const key = Option.match(row, { onNone: () => media.sha256, onSome: (found) => found.key })
      return yield* new MediaStoreError({ operation: "open", reason: new MissingFile({ key }) })
    }
    return row.value
  })

  /** Opened when the request is written, not before. */
  const inputOf = (row: FileRow) => new InputFile(() => run(store.pieces(row.key)), sentName(row))

  /** The id, if somebody else was faster; else the file, and that it is ours to upload. */
  const take = Effect.fnUntraced(function* (bot: Bot, media: BotMedia) {
    const row = yield* rowOf(bot, media)
    const key = keyOf(bot, media)
    const deadline = (yield* Clock.currentTimeMillis) + patienceMs
    while (true) {
      const claim = yield* cache.claim(key, owner)
      if (claim._tag === "Ready") return claim.fileId
      if (claim._tag === "Mine" || (yield* Clock.currentTimeMillis) > deadline) {
        return { key, media, file: inputOf(row) } satisfies Omit<Claimed, "index"> as Omit<Claimed, "index">
      }
      yield* Effect.sleep(lookEvery)
    }
  })

  const each = (taken: ReadonlyArray<Claimed>, act: (one: Claimed) => Effect.Effect<unknown, unknown>) =>
    Effect.forEach(taken, (one) => Effect.ignore(act(one)), { discard: true })

  /** Keeps the claims, as they are taken, while `work` goes on; gives back those of work that did not succeed. */
  const holding =
    (taken: ReadonlyArray<Claimed>) =>
    <A, E, R>(work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
      const renewing = Effect.andThen(
        Effect.sleep(renewEvery),
        Effect.suspend(() => each(taken, ({ key }) => cache.renew(key, owner)))
      ).pipe(Effect.forever, Effect.withTracerEnabled(false), Effect.interruptible)
      return Effect.raceFirst(work, renewing).pipe(
        Effect.onExit((exit) =>
          Exit.isSuccess(exit) ? Effect.void : each(taken, ({ key }) => cache.release(key, owner))
        )
      )
    }

  /** Keeps the id that Telegram gave. The message is out: a database that fails now costs another upload, no more. */
  const settle = (bot: Bot, { key, media }: Claimed, learnt: LearntFile | undefined, toWarmupChat: boolean) =>
    Effect.gen(function* () {
      if (learnt === undefined) {
        yield* Log.warn(`[AVISO] O Telegram não disse o número da mídia ${labelOf(media)} do bot ${bot.slug}`, {
          slug: bot.slug
        })
        return yield* cache.release(key, owner)
      }
      if (learnt.kind !== media.kind) yield* repo.sendAs(bot.slug, media.storedKind, media.sha256, learnt.kind)
      const chatId = toWarmupChat ? Option.getOrUndefined(bot.warmupChatId) : undefined
      yield* cache.ready(key, {
        fileId: learnt.fileId,
        uniqueId: learnt.uniqueId,
        ...(chatId === undefined ? {} : { warmup: { chatId, messageId: learnt.messageId } })
      })
      yield* Log.info(`[MEDIA] O Telegram já tem a mídia ${labelOf(media)} do bot ${bot.slug}`, {
        slug: bot.slug,
        media_id: media.id,
        kind: learnt.kind
      })
    }).pipe(
      Effect.catchTag("SqlError", (error) =>
        Log.recovered(`O número da mídia ${labelOf(media)} do bot ${bot.slug} não pôde ser guardado`, error, {
          slug: bot.slug
        })
      )
    )

  const release = (key: CacheKey) => Effect.ignore(cache.release(key, owner))

  const refused = (key: CacheKey, error: TelegramError) =>
    Effect.ignore(cache.failed(key, complaintOf(error), refusedRetrySeconds))

  const forget = (bot: Bot, media: BotMedia, fileId: string) => cache.forget(keyOf(bot, media), fileId)

  return { owner, take, holding, settle, release, refused, forget }
})

/** grammY writes the name into a header as it is; in quotes it may hold spaces. */
const sentName = ({ ext, fileName, kind, sha256 }: FileRow): string => {
  const short = `${sha256.slice(0, 12)}.${ext ?? "bin"}`
  const named = kind === "document" || kind === "audio" ? (fileName ?? short) : short
  return `"${named.replace(/["\r\n\\]/g, "_")}"`
}
