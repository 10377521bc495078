import { Effect, Result } from "effect"
import type { Media, MessageContent } from "../domain/content.ts"
import { MediaImport } from "./MediaImport.ts"
import { invalid } from "./refusals.ts"

/**
 * A checked content with every media that was given by its address in the bot's library instead. All that cannot be
 * had are named at once. `prefix` stands before each path, as in `checkContent`.
 */
export const makeContentFetch = Effect.gen(function* () {
  const imports = yield* MediaImport

  return Effect.fn("Content.fetch")(function* (
    bot: { readonly id: number; readonly slug: string },
    content: MessageContent,
    prefix = ""
  ) {
    const { media } = content
    if (media === undefined || !media.some(isAddress)) return content
    const fields: Record<string, string> = {}
    const one = Effect.fnUntraced(function* (given: Media, index: number) {
      if (!isAddress(given)) return given
      const result = yield* Effect.result(imports.fetch(bot, given))
      if (Result.isSuccess(result)) return { media_id: result.success }
      if (result.failure._tag !== "ImportRefused") return yield* result.failure
      fields[[prefix, "media", String(index), "url"].filter((part) => part !== "").join(".")] = result.failure.message
      return given
    })
    const fetched = yield* Effect.forEach(media, one, { concurrency: media.length })
    if (Object.keys(fields).length > 0) return yield* invalid(fields)
    return { ...content, media: fetched } satisfies MessageContent as MessageContent
  })
})

const isAddress = (media: Media): media is Extract<Media, { readonly url: string }> => "url" in media
