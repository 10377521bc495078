import { Effect } from "effect"
import * as Log from "../log/Log.ts"
import { asLibrary } from "../domain/botMedia.ts"
import { type BotRow, BotsRepo } from "../repo/BotsRepo.ts"
import { MediaRepo } from "../repo/MediaRepo.ts"
import { MessagesRepo } from "../repo/MessagesRepo.ts"
import { Bots } from "./Bots.ts"
import { Catalogue } from "./Catalogue.ts"
import { checkContent } from "./contentCheck.ts"
import { makeContentFetch } from "./contentFetch.ts"
import type { RowOf } from "./planAdmin.ts"
import { invalid, notFound, orDefect } from "./refusals.ts"
import { mergeContents } from "./storedContents.ts"

/** The name of one of a bot's messages. */
export const isMessageKey = (key: string): boolean => /^[a-z][a-z0-9_]{0,31}$/.test(key)

export const makeMessageAdmin = Effect.fnUntraced(function* (rowOf: RowOf) {
  const bots = yield* Bots
  const repo = yield* BotsRepo
  const messages = yield* MessagesRepo
  const media = yield* MediaRepo
  const catalogue = yield* Catalogue
  const fetchMedia = yield* makeContentFetch

  const check = Effect.fnUntraced(function* (row: BotRow, input: unknown) {
    const [loaded] = yield* catalogue.load({ ids: [row.id], slugs: [] })
    return yield* checkContent(input, {
      planIds: new Set(loaded?.bot.plans.keys()),
      mediaIds: (ids) => media.existing(row.slug, ids)
    })
  })

  const message = Effect.fn("BotAdmin.message")(function* (slug: string, key: string) {
    const row = yield* rowOf(slug)
    const [loaded] = yield* catalogue.load({ ids: [row.id], slugs: [] })
    const found = key === "start" ? mergeContents(loaded?.bot.start ?? []) : loaded?.bot.messages.get(key)
    if (found === undefined) return yield* notFound(`O bot ${slug} ainda não tem essa mensagem.`)
    return loaded === undefined ? found : asLibrary(found, loaded.bot.media)
  }, orDefect)

  const putMessage = Effect.fn("BotAdmin.putMessage")(function* (slug: string, key: string, input: unknown) {
    const row = yield* rowOf(slug)
    if (!isMessageKey(key)) {
      return yield* invalid({ key: "O nome da mensagem começa com letra e usa só letras minúsculas, números e _." })
    }
    const fetched = yield* fetchMedia(row, yield* check(row, input))
    const content = yield* Effect.gen(function* () {
      // Again: fetching took its time, and plans and files may have gone.
      const checked = yield* check(row, fetched)
      yield* messages.put(row.id, key, checked)
      return checked
    }).pipe(repo.locked(row.id))
    yield* bots.reload(row.id)
    yield* Log.info(`[BOT] Mensagem ${key} do bot ${slug} alterada`, { slug, bot_id: row.id })
    return content
  }, orDefect)

  return { message, putMessage }
})
