import { Context, Effect, Layer, Option } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { StoredKind } from "../domain/botMedia.ts"
import type { MediaKind } from "../domain/contentModel.ts"
import { leaseSeconds } from "./lease.ts"
import { isReadyFor } from "./media/ready.ts"
import type { MediaOwner } from "./MediaRepo.ts"

/** A file as one bot knows it. */
export interface CacheKey {
  readonly botSlug: string
  readonly sha256: string
  readonly storedKind: StoredKind
  /** The Telegram bot that the id is or will be good for. */
  readonly telegramBotId: number
}

/** `Ready`: somebody uploaded it already. `Busy`: somebody is uploading it now. */
export type Claim =
  | { readonly _tag: "Mine" }
  | { readonly _tag: "Ready"; readonly fileId: string }
  | { readonly _tag: "Busy" }

export interface FileAtTelegram {
  readonly fileId: string
  readonly uniqueId: string | undefined
  /** Where it was sent to, if that was the warm-up chat: buyers' chats are nobody's business here. */
  readonly warmup?: { readonly chatId: string; readonly messageId: number | undefined } | undefined
}

/** A file that waits for its warm-up. */
export interface ColdFile {
  readonly id: number
  readonly kind: MediaKind
  readonly storedKind: StoredKind
  readonly sha256: string
  readonly bytes: number
  readonly attempts: number
  /** Until somebody else's upload ends, or the next try is due; 0: now. */
  readonly waitSeconds: number
}

type Answer<A> = Effect.Effect<A, SqlError.SqlError>

/** The table `media_cache`: which file Telegram knows by which id, per bot. */
export class MediaCacheRepo extends Context.Service<
  MediaCacheRepo,
  {
    /** Takes the upload of a file upon this owner, for `leaseSeconds` unless renewed; at most one has it. */
    readonly claim: (key: CacheKey, owner: string) => Answer<Claim>
    readonly renew: (key: CacheKey, owner: string) => Answer<boolean>
    readonly release: (key: CacheKey, owner: string) => Answer<void>
    readonly ready: (key: CacheKey, file: FileAtTelegram) => Answer<void>
    /** A try of the warm-up did not work; the next one is due after so many seconds. */
    readonly failed: (key: CacheKey, error: string, retryAfterSeconds: number) => Answer<void>
    /** Not a failure: the next try has to wait so long. */
    readonly postpone: (key: CacheKey, seconds: number) => Answer<void>
    /** Telegram does not know this id; not if there is another one by now. */
    readonly forget: (key: CacheKey, fileId: string) => Answer<boolean>
    /** The file of this bot whose turn it is. One upload of a bot at a time, on all nodes together. */
    readonly nextCold: (owner: MediaOwner, process: string) => Answer<Option.Option<ColdFile>>
  }
>()("funil/repo/MediaCacheRepo") {
  static readonly layer = Layer.effect(
    MediaCacheRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const is = (key: CacheKey) =>
        sql`c.bot_slug = ${key.botSlug} and c.sha256 = ${key.sha256} and c.kind = ${key.storedKind}`
      const lease = sql.literal(`now() + interval '${leaseSeconds} seconds'`)

      const claim = Effect.fnUntraced(function* (key: CacheKey, owner: string) {
        const taken = yield* sql`
          insert into media_cache as c (bot_slug, sha256, kind, status, telegram_bot_id, owner, lease_until)
          values (${key.botSlug}, ${key.sha256}, ${key.storedKind}, 'warming', ${key.telegramBotId}::bigint, ${owner}, ${lease})
          on conflict (bot_slug, sha256, kind) do update set status = 'warming', tg_file_id = null,
            tg_file_unique_id = null, telegram_bot_id = excluded.telegram_bot_id, owner = excluded.owner,
            lease_until = excluded.lease_until
          where not ${isReadyFor(sql, key.telegramBotId)}
            and (c.lease_until is null or c.lease_until < now() or c.owner = excluded.owner)
          returning c.id`
        if (taken.length > 0) return { _tag: "Mine" } satisfies Claim as Claim
        const [row] = yield* sql<{ readonly fileId: string }>`
          select c.tg_file_id as "fileId" from media_cache c where ${is(key)} and ${isReadyFor(sql, key.telegramBotId)}`
        return (row === undefined ? { _tag: "Busy" } : { _tag: "Ready", fileId: row.fileId }) satisfies Claim as Claim
      })

      const renew = (key: CacheKey, owner: string) =>
        Effect.map(
          sql`update media_cache c set lease_until = ${lease} where ${is(key)} and c.owner = ${owner} returning c.id`,
          (rows) => rows.length > 0
        )

      const release = (key: CacheKey, owner: string) =>
        Effect.asVoid(sql`
          update media_cache c set owner = null, lease_until = null where ${is(key)} and c.owner = ${owner}`)

      // Whoever holds the claim by now: an id that Telegram gave is good.
      const ready = (key: CacheKey, file: FileAtTelegram) =>
        Effect.asVoid(sql`
          update media_cache c set status = 'ready', tg_file_id = ${file.fileId}, tg_file_unique_id = ${file.uniqueId ?? null},
            telegram_bot_id = ${key.telegramBotId}::bigint, warmup_chat_id = coalesce(${file.warmup?.chatId ?? null}, warmup_chat_id),
            warmup_message_id = coalesce(${file.warmup?.messageId ?? null}::bigint, warmup_message_id),
            warmup_at = now(), last_error = null, attempts = 0,
            next_attempt_at = null, owner = null, lease_until = null
          where ${is(key)}`)

      const failed = (key: CacheKey, error: string, retryAfterSeconds: number) =>
        Effect.asVoid(sql`
          insert into media_cache as c (bot_slug, sha256, kind, status, telegram_bot_id, last_error, attempts, next_attempt_at)
          values (${key.botSlug}, ${key.sha256}, ${key.storedKind}, 'error', ${key.telegramBotId}::bigint, ${error}, 1,
            now() + make_interval(secs => ${retryAfterSeconds}::float8))
          on conflict (bot_slug, sha256, kind) do update set status = 'error', last_error = excluded.last_error,
            attempts = c.attempts + 1, next_attempt_at = excluded.next_attempt_at, owner = null, lease_until = null
          where not ${isReadyFor(sql, key.telegramBotId)}`)

      const postpone = (key: CacheKey, seconds: number) =>
        Effect.asVoid(sql`
          update media_cache c set next_attempt_at = now() + make_interval(secs => ${seconds}::float8) where ${is(key)}`)

      const forget = (key: CacheKey, fileId: string) =>
        Effect.map(
          sql`
            update media_cache c set status = 'warming', tg_file_id = null, tg_file_unique_id = null, next_attempt_at = null
            where ${is(key)} and c.tg_file_id = ${fileId} returning c.id`,
          (rows) => rows.length > 0
        )

      const nextCold = ({ slug, telegramBotId }: MediaOwner, process: string) =>
        Effect.map(
          sql<ColdFile>`
            select m.id, coalesce(m.send_as, m.kind) as kind, m.kind as "storedKind", m.sha256, m.bytes,
              coalesce(c.attempts, 0) as attempts,
              coalesce(extract(epoch from greatest(c.next_attempt_at, c.lease_until,
                (select max(o.lease_until) from media_cache o where o.bot_slug = m.bot_slug and o.owner <> ${process}),
                now()) - now()), 0)::float8 as "waitSeconds"
            from media_store m
            left join media_cache c on (c.bot_slug, c.sha256, c.kind) = (m.bot_slug, m.sha256, m.kind)
            where m.bot_slug = ${slug} and not coalesce(${isReadyFor(sql, telegramBotId)}, false)
            order by "waitSeconds", m.id limit 1`,
          (rows) => Option.fromUndefinedOr(rows[0])
        )

      return MediaCacheRepo.of({ claim, renew, release, ready, failed, postpone, forget, nextCold })
    })
  )
}
