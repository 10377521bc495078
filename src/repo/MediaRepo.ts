import { Context, Effect, Layer, Option } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { StoredKind } from "../domain/botMedia.ts"
import type { MediaKind } from "../domain/contentModel.ts"
import type { MediaProgress, MediaView } from "../domain/media.ts"
import { type BotKeys, wanted } from "./botKeys.ts"
import { type Cursor, limitOf, type Page, pageOf } from "./cursor.ts"
import { isoOf, microsOf } from "./listing.ts"
import { libraryQuery } from "./media/library.ts"
import { isReadyFor } from "./media/ready.ts"

/** A file of a bot's library with its id at Telegram; of the old systems also ids without a file. */
export interface LibraryRow {
  readonly botId: number
  readonly id: number | null
  readonly kind: MediaKind
  readonly storedKind: StoredKind
  readonly sha256: string
  readonly fileId: string | null
  /** Whose id it is; the old systems did not say. */
  readonly telegramBotId: number | null
}

/** A row of `media_store`. */
export interface FileRow {
  readonly id: number
  readonly kind: MediaKind
  readonly storedKind: StoredKind
  /** Where the bytes are. */
  readonly key: string
  readonly sha256: string
  readonly bytes: number
  readonly mime: string | null
  readonly ext: string | null
  readonly fileName: string | null
}

export type NewFile = Omit<FileRow, "id"> & {
  readonly botSlug: string
  readonly width: number | undefined
  readonly height: number | undefined
}

/** A bot with the Telegram bot that its token belongs to, if it has one. */
export interface MediaOwner {
  readonly slug: string
  readonly telegramBotId: number | undefined
}

/** A content outside `bot_messages` and `bot_plans` that may use a file. */
export interface UsingRow {
  readonly what: "downsell" | "shot"
  readonly name: string | null
  readonly content: unknown
  readonly mediaRefs: unknown
}

type Answer<A> = Effect.Effect<A, SqlError.SqlError>

/** The table `media_store`, with what `media_cache` says of its files. */
export class MediaRepo extends Context.Service<
  MediaRepo,
  {
    /** What bots can send. */
    readonly library: (keys?: BotKeys) => Answer<ReadonlyArray<LibraryRow>>
    /** Which of these ids are files of this bot. */
    readonly existing: (botSlug: string, ids: ReadonlyArray<number>) => Answer<ReadonlySet<number>>
    readonly find: (botSlug: string, id: number) => Answer<Option.Option<FileRow>>
    readonly findByHash: (botSlug: string, kind: StoredKind, sha256: string) => Answer<Option.Option<FileRow>>
    /** The same bytes in the library of any bot. */
    readonly findAnywhere: (kind: MediaKind, sha256: string) => Answer<Option.Option<FileRow>>
    /** None: somebody else was faster with the same bytes. */
    readonly insert: (file: NewFile) => Answer<Option.Option<number>>
    /** Rows of another bot's files for a bot that has their bytes under these keys; answers its ids by the other's. */
    readonly copy: (
      fromSlug: string,
      toSlug: string,
      files: ReadonlyArray<{ readonly id: number; readonly key: string }>
    ) => Answer<ReadonlyMap<number, number>>
    /** With what Telegram knew of it. */
    readonly remove: (botSlug: string, file: FileRow) => Answer<void>
    readonly list: (
      owner: MediaOwner,
      query: { readonly cursor?: Cursor | undefined; readonly limit?: number | undefined }
    ) => Answer<Page<MediaView>>
    readonly view: (owner: MediaOwner, id: number) => Answer<Option.Option<MediaView>>
    readonly progress: (owners: ReadonlyArray<MediaOwner>) => Answer<ReadonlyMap<string, MediaProgress>>
    /** Telegram took a file for another kind than ours; from now on it is sent as that. */
    readonly sendAs: (botSlug: string, kind: StoredKind, sha256: string, as: MediaKind) => Answer<void>
    /** Downsells and shots of a bot that may still be sent. */
    readonly using: (botId: number, botSlug: string) => Answer<ReadonlyArray<UsingRow>>
  }
>()("funil/repo/MediaRepo") {
  static readonly layer = Layer.effect(
    MediaRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const file = sql.literal(`m.id, coalesce(m.send_as, m.kind) as kind, m.kind as "storedKind", m.r2_key as key,
        m.sha256, m.bytes, m.mime, m.ext, m.file_name as "fileName"`)

      const existing = (botSlug: string, ids: ReadonlyArray<number>) =>
        Effect.map(
          sql<{ readonly id: number }>`
            select id from media_store where bot_slug = ${botSlug} and id = any(${ids.map(String)}::text[]::bigint[])`,
          (rows) => new Set(rows.map((row) => row.id))
        )

      const find = (botSlug: string, id: number) =>
        first(sql<FileRow>`select ${file} from media_store m where m.bot_slug = ${botSlug} and m.id = ${id}::bigint`)

      const findByHash = (botSlug: string, kind: StoredKind, sha256: string) =>
        first(sql<FileRow>`
          select ${file} from media_store m
          where m.bot_slug = ${botSlug} and m.kind = ${kind} and m.sha256 = ${sha256} order by m.id limit 1`)

      const findAnywhere = (kind: MediaKind, sha256: string) =>
        first(sql<FileRow>`
          select ${file} from media_store m
          where m.sha256 = ${sha256} and coalesce(m.send_as, m.kind) = ${kind} order by m.id limit 1`)

      const insert = (one: NewFile) =>
        Effect.map(
          sql<{ readonly id: number }>`
            insert into media_store (bot_slug, kind, send_as, r2_key, bytes, sha256, ext, mime, width, height, file_name)
            values (${one.botSlug}, ${one.storedKind}, ${one.kind}, ${one.key}, ${one.bytes}, ${one.sha256}, ${one.ext},
              ${one.mime}, ${one.width ?? null}::int, ${one.height ?? null}::int, ${one.fileName})
            on conflict do nothing returning id`,
          (rows) => Option.fromUndefinedOr(rows[0]?.id)
        )

      const copy: MediaRepo["Service"]["copy"] = Effect.fnUntraced(function* (fromSlug, toSlug, files) {
        const ids = files.map(({ id }) => String(id))
        yield* sql`
          insert into media_store (bot_slug, kind, send_as, r2_key, bytes, sha256, ext, mime, width, height, file_name)
          select ${toSlug}::text, m.kind, m.send_as, f.key, m.bytes, m.sha256, m.ext, m.mime, m.width, m.height, m.file_name
          from unnest(${ids}::text[]::bigint[], ${files.map(({ key }) => key)}::text[]) f (id, key)
          join media_store m on m.id = f.id and m.bot_slug = ${fromSlug}
          on conflict do nothing`.unprepared
        const rows = yield* sql<{ readonly there: number; readonly here: number }>`
          select m.id as there, min(n.id) as here from media_store m
          join media_store n on n.bot_slug = ${toSlug} and (n.sha256, n.kind) = (m.sha256, m.kind)
          where m.bot_slug = ${fromSlug} and m.id = any(${ids}::text[]::bigint[]) group by m.id`
        return new Map(rows.map(({ here, there }) => [there, here]))
      })

      const remove = (botSlug: string, { id, sha256, storedKind }: FileRow) =>
        Effect.asVoid(sql`
          with gone as (delete from media_store where bot_slug = ${botSlug} and id = ${id})
          delete from media_cache where bot_slug = ${botSlug} and sha256 = ${sha256} and kind = ${storedKind}`)

      // Rows of the old systems may lack their date; they are older than any of ours.
      const at = "coalesce(m.created_at, 'epoch')"

      const views = (owner: MediaOwner, more: ReturnType<typeof sql.and>, limit: number) => sql<ViewRow>`
        select m.id, coalesce(m.send_as, m.kind) as kind, m.sha256, m.bytes,
          coalesce(m.mime, 'application/octet-stream') as mime, m.width, m.height, m.file_name,
          coalesce(${isReadyFor(sql, owner.telegramBotId)}, false) as ready, c.status, c.last_error as error,
          ${isoOf(sql, at)} as created_at, ${microsOf(sql, at)} as cursor_at
        from media_store m
        left join media_cache c on (c.bot_slug, c.sha256, c.kind) = (m.bot_slug, m.sha256, m.kind)
        where m.bot_slug = ${owner.slug} and ${more}
        order by ${sql.literal(at)} desc, m.id desc limit ${limit}`

      const list: MediaRepo["Service"]["list"] = (owner, query) => {
        const limit = limitOf(query)
        const { cursor } = query
        const after =
          cursor === undefined
            ? sql`true`
            : sql`(${sql.literal(at)}, m.id) < (${cursor.at}::timestamptz, ${cursor.id}::bigint)`
        return Effect.map(views(owner, after, limit + 1), (rows) => {
          const page = pageOf(rows, limit)
          return { ...page, items: page.items.map(viewOf) }
        })
      }

      const view = (owner: MediaOwner, id: number) =>
        Effect.map(first(views(owner, sql`m.id = ${id}::bigint`, 1)), Option.map(viewOf))

      const progress = (owners: ReadonlyArray<MediaOwner>) =>
        Effect.map(
          sql<MediaProgress & { readonly slug: string }>`
            select m.bot_slug as slug, count(*)::int as total, count(*) filter (
              where c.status = 'ready' and c.tg_file_id is not null
                and (c.telegram_bot_id is null or c.telegram_bot_id = o.telegram_bot_id))::int as ready
            from unnest(${owners.map((one) => one.slug)}::text[],
              ${owners.map((one) => (one.telegramBotId === undefined ? null : String(one.telegramBotId)))}::text[]::bigint[])
              o (slug, telegram_bot_id)
            join media_store m on m.bot_slug = o.slug
            left join media_cache c on (c.bot_slug, c.sha256, c.kind) = (m.bot_slug, m.sha256, m.kind)
            group by m.bot_slug`,
          (rows) => new Map(rows.map(({ ready, slug, total }) => [slug, { ready, total }]))
        )

      const sendAs = (botSlug: string, kind: StoredKind, sha256: string, as: MediaKind) =>
        Effect.asVoid(sql`
          update media_store set send_as = ${as} where bot_slug = ${botSlug} and kind = ${kind} and sha256 = ${sha256}`)

      // A V2 row names its bot only by the slug.
      const using = (botId: number, botSlug: string) => sql<UsingRow>`
        select 'downsell' as what, d.name, d.content, d.media_refs as "mediaRefs" from bot_downsells d
        where (d.bot_id = ${botId} or (d.bot_id is null and d.slug = ${botSlug})) and d.deleted_at is null
        union all
        select 'shot', s.title, coalesce(s.content, s.message), s.media_refs from shots s
        where (s.bot_id = ${botId} or (s.bot_id is null and s.slug = ${botSlug}))
          and lower(s.status) not in ('done', 'canceled')`

      return MediaRepo.of({
        library: (keys) => libraryQuery(sql, wanted(sql, keys)),
        existing,
        find,
        findByHash,
        findAnywhere,
        insert,
        copy,
        remove,
        list,
        view,
        progress,
        sendAs,
        using
      })
    })
  )
}

const first = <A>(query: Answer<ReadonlyArray<A>>): Answer<Option.Option<A>> =>
  Effect.map(query, (rows) => Option.fromUndefinedOr(rows[0]))

interface ViewRow extends Omit<MediaView, "status" | "width" | "height"> {
  readonly status: "ready" | "warming" | "error" | null
  readonly width: number | null
  readonly height: number | null
  readonly cursor_at: string
}

/** An id that belongs to another Telegram bot is none. */
const viewOf = ({ error, height, ready, status, width, ...row }: Omit<ViewRow, "cursor_at">): MediaView => ({
  ...row,
  ...(width === null ? {} : { width }),
  ...(height === null ? {} : { height }),
  ready,
  status: ready ? "ready" : status === null || status === "ready" ? "waiting" : status,
  error: ready ? null : error
})
