import { Effect, Layer } from "effect"
import { ImportRefused, MediaImport } from "../bots/MediaImport.ts"
import { upstream } from "../bots/refusals.ts"
import * as Log from "../log/Log.ts"
import { makeIntake } from "./intake.ts"
import { makeDownload } from "./url/download.ts"

/** Media given by an address are fetched once, when the message is saved, and from then on files like any other. */
export const UrlImportLayer = Layer.effect(
  MediaImport,
  Effect.gen(function* () {
    const download = yield* makeDownload
    const intake = yield* makeIntake

    const fetch: MediaImport["Service"]["fetch"] = Effect.fn("MediaImport.fetch")(
      function* (bot, media) {
        const { file, fileName } = yield* download(media.url, media.kind)
        const id = yield* intake(bot, file, { kind: media.kind, fileName })
        yield* Log.info(`[MEDIA] Mídia ${id} do bot ${bot.slug} buscada no endereço que o vendedor deu`, {
          slug: bot.slug,
          media_id: id
        })
        return id
      },
      Effect.scoped,
      Effect.catchTags({
        MediaRefused: ({ message }) => new ImportRefused({ message }),
        MediaStoreError: ({ message }) =>
          upstream(`Não consegui guardar a mídia: ${message}. Tente de novo em instantes.`)
      })
    )

    return MediaImport.of({ fetch })
  })
)
