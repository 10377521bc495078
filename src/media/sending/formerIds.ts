import { Effect } from "effect"
import { Bots } from "../../bots/Bots.ts"
import type { Bot } from "../../domain/bot.ts"
import { type BotLibrary, type BotMedia, nameOfMedia } from "../../domain/botMedia.ts"

// A call is on its way for seconds; more ids than this do not change meanwhile.
const maxFormer = 1_000

const nameOf = ({ sha256, storedKind }: BotMedia) => nameOfMedia({ kind: storedKind, sha256 })

const withId = (library: BotLibrary, fileId: string): BotMedia | undefined =>
  [...library.values()].find((media) => media.fileId === fileId)

/**
 * Which file an id was given for, also when it has been replaced or given up since: many calls with the same wrong id
 * are under way when the first of them comes back.
 */
export const makeFormerIds = Effect.gen(function* () {
  const bots = yield* Bots
  const libraries = new Map<number, BotLibrary>()
  const former = new Map<string, string>()

  yield* bots.onChange((bot) =>
    Effect.sync(() => {
      for (const media of libraries.get(bot.id)?.values() ?? []) {
        if (media.fileId === undefined || bot.media.get(nameOf(media))?.fileId === media.fileId) continue
        former.set(`${bot.id}/${media.fileId}`, nameOf(media))
        const oldest = former.size > maxFormer ? former.keys().next().value : undefined
        if (oldest !== undefined) former.delete(oldest)
      }
      libraries.set(bot.id, bot.media)
    })
  )

  /** The file as it is in the library now. `composed` is the bot that the call was composed with. */
  return (composed: Bot, present: Bot, fileId: string): BotMedia | undefined => {
    const known = withId(present.media, fileId) ?? withId(composed.media, fileId)
    const name = known === undefined ? former.get(`${present.id}/${fileId}`) : nameOf(known)
    return name === undefined ? undefined : (present.media.get(name) ?? known)
  }
})
