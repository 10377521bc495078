import { Context, Effect, Layer, Option } from "effect"
import { BotAdmin } from "../bots/BotAdmin.ts"
import { Bots } from "../bots/Bots.ts"
import { invalid, notFound, orDefect } from "../bots/refusals.ts"
import { mergeContents } from "../bots/storedContents.ts"
import type { AdminError } from "../domain/admin.ts"
import type { Bot } from "../domain/bot.ts"
import { asLibrary } from "../domain/botMedia.ts"
import type { FunnelFile, FunnelImported, FunnelInput } from "../domain/funnelFile.ts"
import { sanitiseText } from "../domain/text.ts"
import { viewOfDownsell } from "../downsells/downsellView.ts"
import * as Log from "../log/Log.ts"
import { MediaLibrary } from "../media/MediaLibrary.ts"
import { BotsRepo } from "../repo/BotsRepo.ts"
import { DownsellsRepo } from "../repo/DownsellsRepo.ts"
import { MediaRepo } from "../repo/MediaRepo.ts"
import { type ShotRow, ShotsRepo } from "../repo/ShotsRepo.ts"
import { viewOfShot } from "../shots/shotView.ts"
import { makeFunnelWriting } from "./writing.ts"
import { mediaNamed } from "./renumber.ts"

/** A bot's whole funnel as one JSON, out of one bot and into another. */
export class FunnelTransfer extends Context.Service<
  FunnelTransfer,
  {
    readonly take: (slug: string) => Effect.Effect<FunnelFile, AdminError>
    /**
     * All of it or nothing. Plans of the same name and price, messages of the same key, downsells of the same name and
     * drafts of the same title are taken for the same: taking a file in twice changes nothing more. What the bot has
     * beside them stays. Shots come in as drafts.
     */
    readonly put: (slug: string, file: FunnelInput) => Effect.Effect<FunnelImported, AdminError>
  }
>()("funil/funnel/FunnelTransfer") {
  static readonly layer = Layer.effect(
    FunnelTransfer,
    Effect.gen(function* () {
      const bots = yield* Bots
      const botsRepo = yield* BotsRepo
      const admin = yield* BotAdmin
      const downsellsRepo = yield* DownsellsRepo
      const shotsRepo = yield* ShotsRepo
      const mediaLibrary = yield* MediaLibrary
      const mediaRepo = yield* MediaRepo
      const writing = yield* makeFunnelWriting

      const botOf = Effect.fnUntraced(function* (slug: string) {
        const bot = bots.find(slug)
        if (Option.isSome(bot)) return bot.value
        return yield* notFound(`Não existe um bot com o endereço ${sanitiseText(slug).slice(0, 64)}.`)
      })

      const downsellsOf = Effect.fnUntraced(function* (bot: Bot) {
        const rows = yield* downsellsRepo.load({ ids: [bot.id], slugs: [] })
        return rows.map((row) => {
          const view = viewOfDownsell(bot, row)
          return {
            name: view.name,
            trigger: view.trigger,
            delay_seconds: view.delay_seconds,
            content: view.content,
            active: view.active,
            hours: view.hours,
            repeat_after_seconds: view.repeat_after_seconds,
            drop_after_seconds: view.drop_after_seconds,
            to_buyers: view.to_buyers
          }
        })
      })

      /** The newest of each title, oldest first; a canceled one was not wanted. */
      const shotsOf = Effect.fnUntraced(function* (bot: Bot) {
        const rows = yield* shotsRepo.list({ botId: bot.id, cursor: undefined, limit: mostShots })
        const newest = new Map<string, ShotRow>()
        for (const row of rows) {
          if (row.status.toLowerCase() !== "canceled" && !newest.has(row.title)) newest.set(row.title, row)
        }
        return [...newest.values()].toReversed().map((row) => {
          const { content, error_limit_percent, filters, title, valid_hours } = viewOfShot(bot, row)
          return { title, content, filters, error_limit_percent, valid_hours }
        })
      })

      const take = Effect.fn("FunnelTransfer.take")(function* (slug: string) {
        const bot = yield* botOf(slug)
        const plans = yield* admin.plans(slug)
        const [downsells, shots] = yield* Effect.all([downsellsOf(bot), shotsOf(bot)])
        const start = mergeContents(bot.start)
        const messages = Object.fromEntries(
          [...(start === undefined ? [] : [["start", start] as const]), ...bot.messages].map(([key, content]) => [
            key,
            asLibrary(content, bot.media)
          ])
        )
        const named = new Set(mediaNamed([messages, downsells, shots, plans]))
        const media = [...bot.media.values()].flatMap(({ id, kind, sha256 }) =>
          id !== undefined && named.delete(id) ? [{ media_id: id, kind, sha256 }] : []
        )
        return {
          version: 1 as const,
          bot: { slug: bot.slug, name: bot.name, notice: Option.getOrNull(bot.notice) },
          media,
          plans: plans.map(({ created_at: _at, ...plan }) => plan),
          messages,
          downsells,
          shots
        }
      }, orDefect)

      /** A copy from another bot of this service; a store that fails is told in the log, to the seller it is missing. */
      const adopted = (slug: string, { kind, sha256 }: FunnelInput["media"][number]) =>
        mediaLibrary.adopt(slug, kind, sha256).pipe(
          Effect.map(Option.map(({ id }) => id)),
          Effect.catchTags({
            MediaStoreError: (error) =>
              Effect.as(
                Log.recovered(`Uma mídia do funil não pôde ser copiada para o bot ${slug}`, error, { slug }),
                Option.none<number>()
              ),
            MediaRefused: () => Effect.succeed(Option.none<number>())
          })
        )

      /** The files of a funnel, each by what is in it: those that this bot lacks are copied from a bot that has them. */
      const mediaNumbers = Effect.fnUntraced(function* (bot: Bot, file: FunnelInput) {
        const library = yield* mediaRepo.library({ ids: [bot.id], slugs: [] })
        const numbers = new Map(library.flatMap(({ id, sha256 }) => (id === null ? [] : [[sha256, id] as const])))
        const missing: Record<string, string> = {}
        for (const [index, one] of file.media.entries()) {
          if (numbers.has(one.sha256)) continue
          const id = Option.getOrUndefined(yield* adopted(bot.slug, one))
          if (id === undefined) {
            missing[`media.${index}`] =
              `Envie antes para este bot a mídia ${index + 1} (${kindWords[one.kind]}): ela não está aqui.`
          } else numbers.set(one.sha256, id)
        }
        if (Object.keys(missing).length > 0) return yield* invalid(missing)
        return new Map(file.media.map(({ media_id, sha256 }) => [media_id, numbers.get(sha256)!]))
      })

      const put = Effect.fn("FunnelTransfer.put")(function* (slug: string, file: FunnelInput) {
        const bot = yield* botOf(slug)
        // Before the transaction: a media given by its address is fetched here, which may take a minute.
        const ready = yield* writing.fetched(bot, yield* writing.prepare(bot, file, yield* mediaNumbers(bot, file)))
        const imported = yield* writing.write(bot, ready).pipe(botsRepo.locked(bot.id))
        yield* bots.reload(bot.id)
        yield* Log.info(`[BOT] Funil de ${sanitiseText(file.bot.slug).slice(0, 64)} importado no bot ${slug}`, { slug })
        return imported
      }, orDefect)

      return FunnelTransfer.of({ take, put })
    })
  )
}

const mostShots = 200

const kindWords: Readonly<Record<FunnelInput["media"][number]["kind"], string>> = {
  photo: "foto",
  video: "vídeo",
  animation: "GIF",
  audio: "áudio",
  voice: "mensagem de voz",
  document: "arquivo",
  video_note: "vídeo redondo"
}
