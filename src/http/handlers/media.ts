import { NodeStream } from "@effect/platform-node"
import { Effect, Option, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import type { SqlError } from "effect/sql"
import * as Log from "../../log/Log.ts"
import { type MediaContent, MediaLibrary } from "../../media/MediaLibrary.ts"
import type { MediaRefused } from "../../media/MediaRefused.ts"
import type { MediaStoreError } from "../../media/MediaStoreError.ts"
import { Spool } from "../../media/spool.ts"
import { decodeCursor } from "../../repo/cursor.ts"
import { Api } from "../api/Api.ts"
import { badParameters, orNotFound, orProblem, orUnavailable } from "../errors.ts"
import { problem } from "../problem.ts"
import { readUpload } from "../upload/upload.ts"

export const MediaHandlers = HttpApiBuilder.group(Api, "media", (handlers) =>
  Effect.gen(function* () {
    const library = yield* MediaLibrary
    const spool = yield* Spool

    const list = Effect.fnUntraced(function* (
      slug: string,
      query: { readonly cursor?: string; readonly limit?: number }
    ) {
      const cursor = query.cursor === undefined ? Option.none() : decodeCursor(query.cursor)
      if (query.cursor !== undefined && Option.isNone(cursor)) {
        return yield* Effect.fail(badParameters({ cursor: "Deve ser o next_cursor de uma resposta anterior." }))
      }
      return yield* orNotFound(library.list(slug, { cursor: Option.getOrUndefined(cursor), limit: query.limit }))
    })

    return handlers
      .handle("list", ({ params, query }) => list(params.slug, query))
      .handleRaw("add", ({ params, request }) =>
        Effect.gen(function* () {
          // Before the file is read: a bot that is not there needs none.
          const owner = yield* orNotFound(library.ownerOf(params.slug))
          const { file, fileName, kind } = yield* readUpload(request, spool)
          return yield* added(library.add(owner, file, { fileName, kind }))
        }).pipe(Effect.scoped)
      )
      .handle("content", ({ params }) =>
        library.open(params.slug, params.id).pipe(
          Effect.catchTags({
            MediaStoreError: (error) => Effect.fail(storeProblem(error)),
            AdminError: (error) => orNotFound(Effect.fail(error))
          }),
          Effect.map(contentResponse)
        )
      )
      .handle("remove", ({ params }) => orProblem(library.remove(params.slug, params.id)))
  })
)

const added = <A, R>(work: Effect.Effect<A, MediaRefused | MediaStoreError | SqlError.SqlError, R>) =>
  work.pipe(
    Effect.catchTags({
      MediaRefused: ({ message, why }) =>
        Effect.fail(
          why === "too_large" ? problem("too_large", message) : problem("invalid", message, { file: message })
        ),
      MediaStoreError: (error) =>
        Effect.andThen(Log.failure("Não consegui guardar um arquivo enviado", error), Effect.fail(storeProblem(error))),
      SqlError: (error) => orUnavailable(Effect.fail(error))
    })
  )

const storeProblem = (error: MediaStoreError) =>
  error.reason._tag === "MissingFile"
    ? problem("not_found", "O arquivo desta mídia não está mais onde as mídias são guardadas.")
    : problem("unavailable", `Não deu certo agora: ${error.message}.`)

// Shown in the panel as what they are; anything else is a download, so that no page of a seller runs under our address.
const shown = /^(image\/(jpeg|png|gif|bmp|tiff|webp)|video\/|audio\/)/

export const contentResponse = ({ bytes, file, stream }: MediaContent) => {
  const mime = file.mime ?? "application/octet-stream"
  const name = file.fileName ?? `${file.sha256.slice(0, 12)}.${file.ext ?? "bin"}`
  const body = NodeStream.fromReadable<Uint8Array, unknown>({ evaluate: () => stream, onError: (error) => error }).pipe(
    // The status has left by now: a connection that breaks off is all the client can be told.
    Stream.tapError(() => Log.warn(`[AVISO] A mídia ${file.id} não pôde ser lida até o fim`))
  )
  return HttpServerResponse.stream(body, {
    contentType: shown.test(mime) ? mime : "application/octet-stream",
    contentLength: bytes,
    headers: {
      "content-disposition": `${shown.test(mime) ? "inline" : "attachment"}; filename*=UTF-8''${encodeURIComponent(name)}`,
      "content-security-policy": "default-src 'none'; sandbox"
    }
  })
}
