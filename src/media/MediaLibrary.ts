import { Context, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import { Bots } from "../bots/Bots.ts"
import { Catalogue } from "../bots/Catalogue.ts"
import { conflict, notFound, orDefect } from "../bots/refusals.ts"
import { telegramIdOf, TokenVault } from "../bots/TokenVault.ts"
import type { AdminError } from "../domain/admin.ts"
import type { MediaKind } from "../domain/contentModel.ts"
import type { MediaView } from "../domain/media.ts"
import { sanitiseText } from "../domain/text.ts"
import * as Log from "../log/Log.ts"
import { BotsRepo } from "../repo/BotsRepo.ts"
import type { Cursor, Page } from "../repo/cursor.ts"
import { type FileRow, type MediaOwner, MediaRepo } from "../repo/MediaRepo.ts"
import { type GivenFile, makeIntake } from "./intake.ts"
import type { MediaRefused } from "./MediaRefused.ts"
import { MediaStore, type OpenedFile, type SpooledFile } from "./MediaStore.ts"
import type { MediaStoreError } from "./MediaStoreError.ts"
import { Spool } from "./spool.ts"
import { usersOf } from "./usage.ts"

/** The bot that a library belongs to. */
export interface LibraryOwner extends MediaOwner {
  readonly id: number
}

export interface MediaContent extends OpenedFile {
  readonly file: FileRow
}

/** The files of each bot, as the seller puts, sees and removes them. What is changed is in force when it returns. */
export class MediaLibrary extends Context.Service<
  MediaLibrary,
  {
    readonly ownerOf: (slug: string) => Effect.Effect<LibraryOwner, AdminError>
    /** The same bytes twice are one file. */
    readonly add: (
      owner: LibraryOwner,
      file: SpooledFile,
      given: GivenFile
    ) => Effect.Effect<MediaView, MediaRefused | MediaStoreError | SqlError.SqlError>
    /** A file that another bot of this service has becomes this one's too; none when no bot has it. */
    readonly adopt: (
      slug: string,
      kind: MediaKind,
      sha256: string
    ) => Effect.Effect<Option.Option<MediaView>, AdminError | MediaRefused | MediaStoreError>
    readonly list: (
      slug: string,
      query: { readonly cursor?: Cursor | undefined; readonly limit?: number | undefined }
    ) => Effect.Effect<Page<MediaView>, AdminError>
    readonly open: (slug: string, id: number) => Effect.Effect<MediaContent, AdminError | MediaStoreError>
    /** Not while a message uses it. */
    readonly remove: (slug: string, id: number) => Effect.Effect<void, AdminError>
  }
>()("funil/media/MediaLibrary") {
  static readonly layer = Layer.effect(
    MediaLibrary,
    Effect.gen(function* () {
      const bots = yield* Bots
      const botsRepo = yield* BotsRepo
      const catalogue = yield* Catalogue
      const repo = yield* MediaRepo
      const store = yield* MediaStore
      const vault = yield* TokenVault
      const intake = yield* makeIntake
      const spool = yield* Spool

      const ownerRow = Effect.fnUntraced(function* (slug: string) {
        const [row] = yield* botsRepo.load({ ids: [], slugs: [slug] })
        if (row === undefined) {
          return yield* notFound(`Não existe um bot com o endereço ${sanitiseText(slug).slice(0, 64)}.`)
        }
        const telegramBotId = Option.getOrUndefined(Option.map(vault.open(row).token, telegramIdOf))
        return { id: row.id, slug: row.slug, telegramBotId } satisfies LibraryOwner as LibraryOwner
      })

      const fileOf = Effect.fnUntraced(function* (slug: string, id: number) {
        const found = yield* repo.find(slug, id)
        return Option.isSome(found) ? found.value : yield* notFound(`O bot ${slug} não tem a mídia ${id}.`)
      })

      const add = Effect.fn("MediaLibrary.add")(function* (owner: LibraryOwner, file: SpooledFile, given: GivenFile) {
        const id = yield* intake(owner, file, given)
        yield* bots.reload(owner.id)
        const view = Option.getOrThrow(yield* repo.view(owner, id))
        yield* Log.info(`[MEDIA] Mídia ${id} guardada no bot ${owner.slug}`, {
          slug: owner.slug,
          media_id: id,
          kind: view.kind,
          bytes: view.bytes
        })
        return view
      })

      const adopt = Effect.fn("MediaLibrary.adopt")(
        function* (slug: string, kind: MediaKind, sha256: string) {
          const owner = yield* ownerRow(slug)
          const found = Option.getOrUndefined(yield* repo.findAnywhere(kind, sha256))
          if (found === undefined) return Option.none()
          const { bytes, stream } = yield* store.open(found.key)
          const file = yield* spool.take(stream, bytes)
          return Option.some(yield* add(owner, file, { kind, fileName: found.fileName ?? undefined }))
        },
        Effect.scoped,
        Effect.catchTags({ SpoolError: () => Effect.succeed(Option.none<MediaView>()), SqlError: Effect.die })
      )

      const list: MediaLibrary["Service"]["list"] = Effect.fn("MediaLibrary.list")(function* (slug, query) {
        return yield* repo.list(yield* ownerRow(slug), query)
      }, orDefect)

      const open = Effect.fn("MediaLibrary.open")(function* (slug: string, id: number) {
        const owner = yield* orDefect(ownerRow(slug))
        const file = yield* orDefect(fileOf(owner.slug, id))
        const opened = yield* store.open(file.key)
        return { ...opened, file }
      })

      /** The row goes first and for good; bytes that stay behind cost space, not a message. */
      const removeBytes = (slug: string, file: FileRow) =>
        store.remove(file.key).pipe(
          Effect.timeout(storePatience),
          Effect.catch((error) =>
            error._tag === "MediaStoreError"
              ? Log.recovered(`A mídia ${file.id} do bot ${slug} foi apagada, mas o arquivo dela ficou`, error, {
                  slug
                })
              : Log.warn(`[AVISO] A mídia ${file.id} do bot ${slug} foi apagada, mas o arquivo dela ficou`, { slug })
          )
        )

      const remove = Effect.fn("MediaLibrary.remove")(function* (slug: string, id: number) {
        const owner = yield* ownerRow(slug)
        yield* Effect.gen(function* () {
          const file = yield* fileOf(owner.slug, id)
          const loaded = yield* catalogue.load({ ids: [owner.id], slugs: [] })
          const others = yield* repo.using(owner.id, owner.slug)
          const users = loaded.flatMap((one) => usersOf(one, file, others))
          if (users.length > 0) {
            return yield* conflict(`A mídia ${id} ainda é usada: ${users.join(", ")}. Tire-a de lá antes de apagá-la.`)
          }
          yield* repo.remove(owner.slug, file)
          yield* removeBytes(owner.slug, file)
        }).pipe(botsRepo.locked(owner.id))
        yield* bots.reload(owner.id)
        yield* Log.info(`[MEDIA] Mídia ${id} apagada do bot ${slug}`, { slug, media_id: id })
      }, orDefect)

      return MediaLibrary.of({ ownerOf: (slug) => orDefect(ownerRow(slug)), add, adopt, list, open, remove })
    })
  )
}

// A transaction is open meanwhile, and PostgreSQL ends one that idles for 15 s.
const storePatience = "8 seconds"
