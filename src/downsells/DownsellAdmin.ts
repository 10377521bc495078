import { Context, Effect, Layer, Option } from "effect"
import { Bots } from "../bots/Bots.ts"
import { checkContent } from "../bots/contentCheck.ts"
import { makeContentFetch } from "../bots/contentFetch.ts"
import { invalid, notFound, orDefect } from "../bots/refusals.ts"
import type { AdminError } from "../domain/admin.ts"
import type { Bot } from "../domain/bot.ts"
import type { DownsellInput, DownsellPatch, DownsellView } from "../domain/downsellInput.ts"
import { sanitiseText } from "../domain/text.ts"
import * as Log from "../log/Log.ts"
import { BotsRepo } from "../repo/BotsRepo.ts"
import { type DownsellColumns, DownsellsRepo } from "../repo/DownsellsRepo.ts"
import { MediaRepo } from "../repo/MediaRepo.ts"
import { columnsOfDownsell } from "./downsellColumns.ts"
import { viewOfDownsell } from "./downsellView.ts"

/** What the admin API and the panel do with downsells. In force here when it returns. */
export class DownsellAdmin extends Context.Service<
  DownsellAdmin,
  {
    readonly list: (slug: string) => Effect.Effect<ReadonlyArray<DownsellView>, AdminError>
    readonly get: (slug: string, id: number) => Effect.Effect<DownsellView, AdminError>
    readonly create: (slug: string, input: DownsellInput) => Effect.Effect<DownsellView, AdminError>
    /** What waits already is sent as it is after this. */
    readonly patch: (slug: string, id: number, patch: DownsellPatch) => Effect.Effect<DownsellView, AdminError>
    /** Cancels for everybody who waits for it. */
    readonly remove: (slug: string, id: number) => Effect.Effect<void, AdminError>
  }
>()("funil/downsells/DownsellAdmin") {
  static readonly layer = Layer.effect(
    DownsellAdmin,
    Effect.gen(function* () {
      const bots = yield* Bots
      const botsRepo = yield* BotsRepo
      const repo = yield* DownsellsRepo
      const media = yield* MediaRepo
      const fetchMedia = yield* makeContentFetch

      const botOf = Effect.fnUntraced(function* (slug: string) {
        const bot = bots.find(slug)
        if (Option.isSome(bot)) return bot.value
        return yield* notFound(`Não existe um bot com o endereço ${sanitiseText(slug).slice(0, 64)}.`)
      })

      const rowsOf = (bot: Bot) => repo.load({ ids: [bot.id], slugs: [] })

      const rowOf = Effect.fnUntraced(function* (bot: Bot, id: number) {
        const row = (yield* rowsOf(bot)).find((one) => one.id === id)
        return row ?? (yield* notFound(`O bot ${bot.slug} não tem o downsell ${id}.`))
      })

      const check = (bot: Bot, content: unknown) =>
        checkContent(
          content,
          {
            planIds: new Set(bot.plans.keys()),
            mediaIds: (ids: ReadonlyArray<number>) => media.existing(bot.slug, ids)
          },
          "content"
        )

      const columnsOf = Effect.fnUntraced(function* (bot: Bot, input: DownsellPatch) {
        const { content, name, ...rules } = input
        const named = name === undefined ? undefined : sanitiseText(name).trim()
        if (named === "") return yield* invalid({ name: "O downsell precisa de um nome." })
        return {
          ...columnsOfDownsell(rules),
          ...(named === undefined ? {} : { name: named }),
          ...(content === undefined ? {} : { content: yield* fetchMedia(bot, yield* check(bot, content), "content") })
        } satisfies DownsellColumns as DownsellColumns
      })

      const view = Effect.fnUntraced(function* (slug: string, id: number) {
        const bot = yield* botOf(slug)
        const row = yield* rowOf(bot, id)
        return viewOfDownsell(bot, row, (yield* repo.tallies(bot.id)).get(id))
      })

      const list = Effect.fn("DownsellAdmin.list")(function* (slug: string) {
        const bot = yield* botOf(slug)
        const [rows, tallies] = yield* Effect.all([rowsOf(bot), repo.tallies(bot.id)], { concurrency: 2 })
        return rows.map((row) => viewOfDownsell(bot, row, tallies.get(row.id)))
      }, orDefect)

      const get = Effect.fn("DownsellAdmin.get")((slug: string, id: number) => orDefect(view(slug, id)))

      const create = Effect.fn("DownsellAdmin.create")(function* (slug: string, input: DownsellInput) {
        const bot = yield* botOf(slug)
        const columns = yield* columnsOf(bot, input)
        const id = yield* Effect.gen(function* () {
          // Again: fetching took its time, and plans and files may have gone.
          const content = yield* check(yield* botOf(slug), columns.content)
          const { delay_seconds, trigger } = input
          return yield* repo.insert(bot.id, { ...columns, name: columns.name ?? "", content, delay_seconds, trigger })
        }).pipe(botsRepo.locked(bot.id))
        yield* bots.reload(bot.id)
        yield* Log.info(`[DOWNSELL] Downsell "${columns.name ?? ""}" criado no bot ${slug}`, { slug, downsell_id: id })
        return yield* view(slug, id)
      }, orDefect)

      const patch = Effect.fn("DownsellAdmin.patch")(function* (slug: string, id: number, input: DownsellPatch) {
        const bot = yield* botOf(slug)
        const row = yield* rowOf(bot, id)
        const columns = yield* columnsOf(bot, input)
        if (Object.keys(columns).length > 0) {
          yield* repo.update(id, columns).pipe(botsRepo.locked(bot.id))
          yield* bots.reload(bot.id)
          yield* Log.info(`[DOWNSELL] Downsell "${row.name}" do bot ${slug} alterado`, { slug, downsell_id: id })
        }
        return yield* view(slug, id)
      }, orDefect)

      const remove = Effect.fn("DownsellAdmin.remove")(function* (slug: string, id: number) {
        const bot = yield* botOf(slug)
        const row = yield* rowOf(bot, id)
        const waited = yield* repo.remove(id)
        yield* bots.reload(bot.id)
        yield* Log.info(
          `[DOWNSELL] Downsell "${row.name}" apagado do bot ${slug}; ${waited} pessoas que esperavam não o recebem`,
          { slug, downsell_id: id, count: waited }
        )
      }, orDefect)

      return DownsellAdmin.of({ list, get, create, patch, remove })
    })
  )
}
