import { Context, Effect, Layer, Option } from "effect"
import { Bots } from "../bots/Bots.ts"
import { checkContent } from "../bots/contentCheck.ts"
import { makeContentFetch } from "../bots/contentFetch.ts"
import { conflict, invalid, notFound, orDefect } from "../bots/refusals.ts"
import { mergeContents } from "../bots/storedContents.ts"
import type { AdminError } from "../domain/admin.ts"
import type { Bot } from "../domain/bot.ts"
import {
  readFilters,
  readStatus,
  type ShotAction,
  type ShotFilters,
  type ShotInput,
  type ShotPatch,
  type ShotView,
  statusesFor,
  statusWords
} from "../domain/shot.ts"
import { sanitiseText } from "../domain/text.ts"
import * as Log from "../log/Log.ts"
import { Preview, type PreviewedCall } from "../messages/Preview.ts"
import { type Cursor, type Page, pageOf } from "../repo/cursor.ts"
import { MediaRepo } from "../repo/MediaRepo.ts"
import { type ShotColumns, type ShotRow, ShotsRepo } from "../repo/ShotsRepo.ts"
import { contentsOf } from "./shotContents.ts"
import { filtersFrom, scheduleFrom } from "./shotInput.ts"
import { viewOfShot } from "./shotView.ts"
import { ShotStart } from "./ShotStart.ts"

/** What the admin API and the panel do with shots. */
export class ShotAdmin extends Context.Service<
  ShotAdmin,
  {
    readonly list: (
      slug: string,
      query: { readonly cursor: Cursor | undefined; readonly limit: number }
    ) => Effect.Effect<Page<ShotView>, AdminError>
    readonly get: (slug: string, id: number) => Effect.Effect<ShotView, AdminError>
    readonly create: (slug: string, input: ShotInput) => Effect.Effect<ShotView, AdminError>
    /** Of a draft or a scheduled one. */
    readonly patch: (slug: string, id: number, patch: ShotPatch) => Effect.Effect<ShotView, AdminError>
    /** Of one that nobody was frozen for. */
    readonly remove: (slug: string, id: number) => Effect.Effect<void, AdminError>
    /** A new draft with the same content and the same people. */
    readonly duplicate: (slug: string, id: number) => Effect.Effect<ShotView, AdminError>
    readonly act: (slug: string, id: number, action: ShotAction) => Effect.Effect<ShotView, AdminError>
    readonly test: (slug: string, id: number, chatId: number) => Effect.Effect<ReadonlyArray<PreviewedCall>, AdminError>
    /** How many people these filters mean now. */
    readonly people: (slug: string, filters: ShotFilters) => Effect.Effect<number, AdminError>
  }
>()("funil/shots/ShotAdmin") {
  static readonly layer = Layer.effect(
    ShotAdmin,
    Effect.gen(function* () {
      const bots = yield* Bots
      const repo = yield* ShotsRepo
      const media = yield* MediaRepo
      const preview = yield* Preview
      const starting = yield* ShotStart
      const fetchMedia = yield* makeContentFetch

      const botOf = Effect.fnUntraced(function* (slug: string) {
        const bot = bots.find(slug)
        if (Option.isSome(bot)) return bot.value
        return yield* notFound(`Não existe um bot com o endereço ${sanitiseText(slug).slice(0, 64)}.`)
      })

      const rowOf = Effect.fnUntraced(function* (bot: Bot, id: number) {
        const row = yield* repo.find(bot.id, id)
        return Option.isSome(row) ? row.value : yield* notFound(`O bot ${bot.slug} não tem o disparo ${id}.`)
      })

      const views = Effect.fnUntraced(function* (bot: Bot, rows: ReadonlyArray<ShotRow>) {
        const ids = rows.map((row) => row.id)
        const [counts, sales] = yield* Effect.all([repo.counts(ids), repo.sales(bot.id, ids)], { concurrency: 2 })
        return rows.map((row) => viewOfShot(bot, row, counts.get(row.id), sales.get(row.id)))
      })

      const view = Effect.fnUntraced(function* (bot: Bot, id: number) {
        const [only] = yield* views(bot, [yield* rowOf(bot, id)])
        return only!
      })

      const columnsOf = Effect.fnUntraced(function* (bot: Bot, input: ShotPatch) {
        const { content, filters, scheduled_at, title, ...plain } = input
        const named = title === undefined ? undefined : sanitiseText(title).trim()
        if (named === "") return yield* invalid({ title: "O disparo precisa de um título." })
        const known = {
          planIds: new Set(bot.plans.keys()),
          mediaIds: (ids: ReadonlyArray<number>) => media.existing(bot.slug, ids)
        }
        const checked = content === undefined ? undefined : yield* checkContent(content, known, "content")
        const at = scheduled_at === undefined ? undefined : yield* scheduleFrom(scheduled_at)
        return {
          ...plain,
          ...(named === undefined ? {} : { title: named }),
          ...(checked === undefined ? {} : { content: yield* fetchMedia(bot, checked, "content") }),
          ...(filters === undefined ? {} : { filters: yield* filtersFrom(filters) }),
          ...(at === undefined ? {} : { scheduled_at: at, status: at === null ? "draft" : "scheduled" })
        } satisfies ShotColumns as ShotColumns
      })

      const list = Effect.fn("ShotAdmin.list")(function* (
        slug: string,
        query: { readonly cursor: Cursor | undefined; readonly limit: number }
      ) {
        const bot = yield* botOf(slug)
        const rows = yield* repo.list({ botId: bot.id, ...query })
        const page = pageOf(rows, query.limit)
        return { ...page, items: yield* views(bot, rows.slice(0, query.limit)) }
      }, orDefect)

      const get = Effect.fn("ShotAdmin.get")(function* (slug: string, id: number) {
        return yield* view(yield* botOf(slug), id)
      }, orDefect)

      const create = Effect.fn("ShotAdmin.create")(function* (slug: string, input: ShotInput) {
        const bot = yield* botOf(slug)
        const id = yield* repo.insert(bot, yield* columnsOf(bot, input))
        yield* bots.reload(bot.id)
        yield* Log.info(`[SHOT] Disparo "${input.title}" criado no bot ${slug}`, { slug, shot_id: id })
        return yield* view(bot, id)
      }, orDefect)

      const patch = Effect.fn("ShotAdmin.patch")(function* (slug: string, id: number, input: ShotPatch) {
        const bot = yield* botOf(slug)
        const row = yield* rowOf(bot, id)
        const columns = yield* columnsOf(bot, input)
        if (Object.keys(columns).length > 0) {
          const status = readStatus(row.status)
          const open = status === "draft" || status === "scheduled"
          if (!open || !(yield* repo.update(id, columns))) {
            return yield* conflict(`O disparo "${row.title}" ${statusWords(status)} e não pode mais ser mudado.`)
          }
          yield* bots.reload(bot.id)
          yield* Log.info(`[SHOT] Disparo "${row.title}" do bot ${slug} alterado`, { slug, shot_id: id })
        }
        return yield* view(bot, id)
      }, orDefect)

      const remove = Effect.fn("ShotAdmin.remove")(function* (slug: string, id: number) {
        const bot = yield* botOf(slug)
        const row = yield* rowOf(bot, id)
        if (!(yield* repo.remove(id))) {
          return yield* conflict(`O disparo "${row.title}" já foi enviado a pessoas e fica guardado.`)
        }
        yield* bots.reload(bot.id)
        yield* Log.info(`[SHOT] Disparo "${row.title}" do bot ${slug} apagado`, { slug, shot_id: id })
      }, orDefect)

      const duplicate = Effect.fn("ShotAdmin.duplicate")(function* (slug: string, id: number) {
        const bot = yield* botOf(slug)
        const row = yield* rowOf(bot, id)
        const copy = yield* repo.insert(bot, {
          title: `${row.title} (cópia)`.slice(0, 200),
          content: mergeContents(contentsOf(row)) ?? {},
          filters: readFilters(row.filters),
          error_limit_percent: row.errorLimitPercent,
          valid_hours: row.validHours
        })
        yield* bots.reload(bot.id)
        yield* Log.info(`[SHOT] Disparo "${row.title}" do bot ${slug} copiado`, { slug, shot_id: copy })
        return yield* view(bot, copy)
      }, orDefect)

      const act = Effect.fn("ShotAdmin.act")(function* (slug: string, id: number, action: ShotAction) {
        const bot = yield* botOf(slug)
        const row = yield* rowOf(bot, id)
        if (!(yield* carriedOut(row, action))) {
          const now = yield* rowOf(bot, id)
          return yield* conflict(`O disparo "${row.title}" ${statusWords(readStatus(now.status))}.`)
        }
        return yield* view(bot, id)
      }, orDefect)

      const carriedOut = Effect.fnUntraced(function* (row: ShotRow, action: ShotAction) {
        const from = statusesFor(action)
        const begins = action === "start" || (action === "resume" && !row.frozen)
        if (begins && contentsOf(row).length === 0) {
          return yield* conflict(`O disparo "${row.title}" não tem mensagem. Escreva uma antes de começar.`)
        }
        if (begins) {
          const later = action === "resume" && row.scheduledAt !== null && Date.parse(row.scheduledAt) > Date.now()
          return later ? yield* repo.move(row.id, from, "scheduled") : yield* starting.start(row, from)
        }
        const to = action === "pause" ? "paused" : action === "cancel" ? "canceled" : "sending"
        const moved = yield* repo.move(row.id, from, to)
        if (moved) yield* Log.info(`[SHOT] Disparo "${row.title}" do bot ${row.bot}: ${done[to]}`, fieldsOf(row))
        return moved
      })

      const test = Effect.fn("ShotAdmin.test")(function* (slug: string, id: number, chatId: number) {
        const bot = yield* botOf(slug)
        const row = yield* rowOf(bot, id)
        const sent = yield* Effect.forEach(contentsOf(row), (content) =>
          preview.send({ slug, key: `disparo ${id}`, chatId, content })
        )
        return sent.flat()
      }, orDefect)

      const people = Effect.fn("ShotAdmin.people")(function* (slug: string, filters: ShotFilters) {
        const bot = yield* botOf(slug)
        return yield* repo.people(bot.id, yield* filtersFrom(filters))
      }, orDefect)

      return ShotAdmin.of({ list, get, create, patch, remove, duplicate, act, test, people })
    })
  )
}

const done = { paused: "pausado", canceled: "cancelado", sending: "continua" } as const

const fieldsOf = (row: ShotRow) => ({ slug: row.bot, shot_id: row.id })
