import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

export interface ReadyMedia {
  readonly botSlug: string
  readonly sha256: string
  readonly kind: string
  readonly fileId: string
}

/** The tables `media_store` and `media_cache`. */
export class MediaRepo extends Context.Service<
  MediaRepo,
  {
    /** What can be sent by `file_id`, of these files and of any bot. */
    readonly ready: (sha256s: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<ReadyMedia>, SqlError.SqlError>
    /** Which of these ids are files of this bot. */
    readonly existing: (
      botSlug: string,
      ids: ReadonlyArray<number>
    ) => Effect.Effect<ReadonlySet<number>, SqlError.SqlError>
  }
>()("funil/repo/MediaRepo") {
  static readonly layer = Layer.effect(
    MediaRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const ready = (sha256s: ReadonlyArray<string>) =>
        sql<ReadyMedia>`
          select bot_slug as "botSlug", sha256, kind, tg_file_id as "fileId" from media_cache
          where sha256 = any(${sha256s}::text[]) and status = 'ready' and tg_file_id is not null`

      const existing = (botSlug: string, ids: ReadonlyArray<number>) =>
        Effect.map(
          sql<{ readonly id: number }>`
            select id from media_store where bot_slug = ${botSlug} and id = any(${ids.map(String)}::text[]::bigint[])`,
          (rows) => new Set(rows.map((row) => row.id))
        )

      return MediaRepo.of({ ready, existing })
    })
  )
}
