import { Clock, Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"
import { labelOf } from "../heal.ts"
import type { MediaStoreError } from "../MediaStoreError.ts"
import type { LibraryFile } from "../../messages/telegramCall.ts"

// People do not wait for a file again that could not be had a moment ago; one that is put right is back within this.
const lookAgainMs = 2_000
// What Telegram will not take, it will not take in a minute either.
const refusedMs = 600_000
const warnEveryMs = 300_000

/** Files that cannot be had at the moment, so that words go without them and without delay. */
export const makeAbsent = () => {
  const until = new Map<string, number>()
  const warnedAt = new Map<string, number>()

  const has = (name: string) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      if ((until.get(name) ?? 0) > now) return true
      until.delete(name)
      return false
    })

  const add = Effect.fnUntraced(function* (
    name: string,
    bot: Bot,
    { media }: LibraryFile,
    error: MediaStoreError | SqlError.SqlError | TelegramError
  ) {
    const now = yield* Clock.currentTimeMillis
    until.set(name, now + (error._tag === "TelegramError" ? refusedMs : lookAgainMs))
    if (now - (warnedAt.get(name) ?? Number.NEGATIVE_INFINITY) < warnEveryMs) return
    warnedAt.set(name, now)
    yield* Log.recovered(`As mensagens do bot ${bot.slug} vão sem a mídia ${labelOf(media)}`, error, { slug: bot.slug })
  })

  return { has, add }
}
