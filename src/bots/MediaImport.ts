import { Context, type Effect, Schema } from "effect"
import type { SqlError } from "effect/sql"
import type { AdminError } from "../domain/admin.ts"
import type { MediaKind } from "../domain/content.ts"

/** A media given by its address could not be fetched, or Telegram would not take it: a sentence for the seller. */
export class ImportRefused extends Schema.TaggedError<ImportRefused>()("ImportRefused", {
  message: Schema.String
}) {}

/** How a media given by its address gets into a bot's library; done by the media room, which stands above this one. */
export class MediaImport extends Context.Service<
  MediaImport,
  {
    /** The id in the library. May take a minute: not inside a transaction. */
    readonly fetch: (
      bot: { readonly id: number; readonly slug: string },
      media: { readonly kind: MediaKind; readonly url: string }
    ) => Effect.Effect<number, ImportRefused | AdminError | SqlError.SqlError>
  }
>()("funil/bots/MediaImport") {}
