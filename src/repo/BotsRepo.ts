import { Context, Effect, Layer, Option } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type BotKeys, wanted } from "./botKeys.ts"

/** A row of `bots`, whichever system wrote it; columns whose type differs between databases come as text. */
export interface BotRow {
  readonly id: number
  readonly slug: string
  readonly name: string | null
  readonly provider: string | null
  readonly gatewayDefault: string
  readonly secondGateway: string | null
  readonly active: boolean
  readonly inactiveReason: string | null
  readonly token: string | null
  readonly tokenEncrypted: string | null
  readonly tokenIv: string | null
  /** `invalid` when Telegram refused the token and the bot was stopped for it. */
  readonly tokenStatus: string
  readonly telegramBotId: number | null
  readonly botUsername: string | null
  readonly botName: string | null
  readonly webhookSecret: string | null
  readonly webhookUrl: string | null
  readonly webhookError: string | null
  readonly webhookCheckedAt: Date | null
  /** Updates that Telegram holds back, when it was last asked. */
  readonly webhookPending: number | null
  readonly messagesPerSecond: number | null
  readonly allowPaidBroadcast: boolean
  readonly paidMessagesPerSecond: number | null
  readonly pixExpiresMinutes: number | null
  readonly maxPixPerHour: number | null
  readonly shotsPerPerson: number | null
  readonly shotsPerPersonHours: number | null
  readonly timeZone: string | null
  readonly warmupChatId: string | null
  readonly vipChatId: string | null
  readonly vipError: string | null
  readonly withdrawAccess: boolean
  readonly notice: string | null
  readonly startMessage: unknown
  readonly startMediaRefs: unknown
  readonly createdAt: Date
}

/** What the writing side may set, by column. */
export type BotColumns = Readonly<
  Partial<
    Record<
      | "name"
      | "provider"
      | "gateway_default"
      | "second_gateway"
      | "inactive_reason"
      | "token"
      | "token_encrypted"
      | "token_iv"
      | "token_status"
      | "bot_username"
      | "bot_name"
      | "webhook_secret_token"
      | "webhook_url"
      | "webhook_error"
      | "warmup_chat_id"
      | "vip_chat_id"
      | "time_zone"
      | "notice",
      string | null
    > &
      Record<
        | "messages_per_second"
        | "paid_messages_per_second"
        | "pix_expires_minutes"
        | "max_pix_per_hour"
        | "shots_per_person"
        | "shots_per_person_hours"
        | "telegram_bot_id",
        number | null
      > &
      Record<"token_checked_at" | "token_updated_at", Date> &
      Record<"active" | "allow_paid_broadcast" | "withdraw_access", boolean>
  >
>

/** The token columns as they were read when Telegram refused what is in them. */
export type RefusedToken = Pick<BotRow, "id" | "token" | "tokenEncrypted" | "tokenIv">

/** A bot whose address at Telegram is to be looked at, and what was known of it. */
export interface ClaimedCheck {
  readonly id: number
  readonly registeredAt: Date | null
  readonly error: string | null
}

type Answer<A> = Effect.Effect<A, SqlError.SqlError>

/** The table `bots`. Deleted bots (V2's `deleted_at`) are never read, but their slugs stay taken. */
export class BotsRepo extends Context.Service<
  BotsRepo,
  {
    readonly load: (keys?: BotKeys) => Answer<ReadonlyArray<BotRow>>
    readonly slugOwner: (slug: string) => Answer<Option.Option<{ readonly deleted: boolean }>>
    /** The slug of the bot, not deleted and not `exceptId`, that belongs to this Telegram bot. */
    readonly telegramOwner: (telegramBotId: number, exceptId: number) => Answer<Option.Option<string>>
    readonly insert: (slug: string, columns: BotColumns) => Answer<number>
    readonly update: (id: number, columns: BotColumns) => Answer<void>
    /** Stops a bot whose token Telegram refused; not if it stands still already or has another token by now. */
    readonly stopUnusable: (refused: RefusedToken, reason: string) => Answer<boolean>
    /** One transaction during which nobody else writes plans or messages of this bot. Does not hold back buyers. */
    readonly locked: (
      id: number
    ) => <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E | SqlError.SqlError, R>
    /**
     * The secret of the bot's webhook; `fresh` becomes it when there is none that Telegram would take. Several nodes
     * asking at once get the same one.
     */
    readonly webhookSecret: (id: number, fresh: string) => Answer<string | undefined>
    /** Nothing when the secret was renewed meanwhile: Telegram then holds an old one and must be told again. */
    readonly webhookRegistered: (id: number, url: string, secret: string) => Answer<boolean>
    readonly webhookFailed: (id: number, error: string) => Answer<void>
    /** The active bot under an address of ours that was not looked at for the longest time; one process gets it. */
    readonly claimWebhookCheck: (prefix: string, everySeconds: number) => Answer<ClaimedCheck | undefined>
    /** What Telegram says of the address, unless the bot has another one by now. */
    readonly webhookChecked: (id: number, url: string, error: string | null, pending: number | null) => Answer<void>
    readonly webhookReleased: (id: number) => Answer<void>
  }
>()("funil/repo/BotsRepo") {
  static readonly layer = Layer.effect(
    BotsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const load = (keys?: BotKeys) =>
        sql<BotRow>`
          select b.id, b.slug, b.name, b.provider, b.gateway_default as "gatewayDefault",
            b.second_gateway as "secondGateway", b.max_pix_per_hour as "maxPixPerHour", b.active,
            b.inactive_reason as "inactiveReason", b.token, b.token_encrypted::text as "tokenEncrypted",
            b.token_iv as "tokenIv", b.token_status as "tokenStatus", b.telegram_bot_id as "telegramBotId", b.bot_username as "botUsername",
            b.bot_name as "botName", b.webhook_secret_token as "webhookSecret", b.webhook_url as "webhookUrl",
            b.webhook_error as "webhookError", b.webhook_checked_at as "webhookCheckedAt", b.webhook_pending as "webhookPending",
            b.messages_per_second as "messagesPerSecond", b.allow_paid_broadcast as "allowPaidBroadcast",
            b.paid_messages_per_second as "paidMessagesPerSecond", b.pix_expires_minutes as "pixExpiresMinutes",
            b.shots_per_person as "shotsPerPerson", b.shots_per_person_hours as "shotsPerPersonHours",
            b.time_zone as "timeZone", b.warmup_chat_id::text as "warmupChatId", b.vip_chat_id as "vipChatId", b.vip_error as "vipError",
            b.withdraw_access as "withdrawAccess", b.notice,
            b.start_message as "startMessage", b.start_media_refs as "startMediaRefs", b.created_at as "createdAt"
          from bots b where ${wanted(sql, keys)} order by b.id`

      const slugOwner = (slug: string) =>
        Effect.map(
          sql<{ readonly deleted: boolean }>`
            select deleted_at is not null as deleted from bots where slug = ${slug}`,
          (rows) => Option.fromUndefinedOr(rows[0])
        )

      const telegramOwner = (telegramBotId: number, exceptId: number) =>
        Effect.map(
          sql<{ readonly slug: string }>`
            select b.slug from bots b
            where b.telegram_bot_id = ${telegramBotId} and b.id <> ${exceptId} and ${wanted(sql, undefined)}`,
          (rows) => Option.fromUndefinedOr(rows[0]?.slug)
        )

      const insert = (slug: string, columns: BotColumns) =>
        Effect.map(
          sql<{ readonly id: number }>`
            insert into bots ${sql.insert({ slug, ...columns })} returning id`,
          (rows) => rows[0]!.id
        )

      const update = (id: number, columns: BotColumns) =>
        Effect.asVoid(sql`update bots set ${sql.update({ ...columns })}, updated_at = now() where id = ${id}`)

      const stopUnusable = (refused: RefusedToken, reason: string) =>
        Effect.map(
          sql`
            update bots set active = false, inactive_reason = ${reason}, token_status = 'invalid',
              token_checked_at = now(), updated_at = now()
            where id = ${refused.id} and active and deleted_at is null
              and token is not distinct from ${refused.token}
              and token_encrypted::text is not distinct from ${refused.tokenEncrypted}
              and token_iv is not distinct from ${refused.tokenIv}
            returning id`,
          (rows) => rows.length === 1
        )

      const locked =
        (id: number) =>
        <A, E, R>(work: Effect.Effect<A, E, R>) =>
          sql.withTransaction(Effect.andThen(sql`select id from bots where id = ${id} for no key update`, work))

      const webhookSecret = (id: number, fresh: string) =>
        Effect.map(
          sql<{ readonly secret: string }>`
            update bots set webhook_secret_token = case
              when webhook_secret_token ~ '^[A-Za-z0-9_-]{32,255}$' then webhook_secret_token else ${fresh} end
            where id = ${id} and deleted_at is null returning webhook_secret_token as secret`,
          (rows) => rows[0]?.secret
        )

      const webhookRegistered = (id: number, url: string, secret: string) =>
        Effect.map(
          sql`
            update bots set webhook_url = ${url}, webhook_error = null, webhook_pending = null,
              webhook_checked_at = now(), webhook_registered_at = now()
            where id = ${id} and webhook_secret_token = ${secret} returning id`,
          (rows) => rows.length === 1
        )

      const webhookFailed = (id: number, error: string) =>
        Effect.asVoid(sql`
          update bots set webhook_error = ${error}, webhook_checked_at = now() where id = ${id}`)

      const claimWebhookCheck = (prefix: string, everySeconds: number) =>
        Effect.map(
          sql<ClaimedCheck>`
            update bots set webhook_checked_at = now() where id = (
              select b.id from bots b
              where b.active and b.deleted_at is null and starts_with(b.webhook_url, ${prefix})
                and b.webhook_secret_token is not null
                and (b.webhook_checked_at is null
                  or b.webhook_checked_at < now() - make_interval(secs => ${everySeconds}))
              order by b.webhook_checked_at nulls first limit 1 for no key update skip locked)
            returning id, webhook_registered_at as "registeredAt", webhook_error as "error"`,
          (rows) => rows[0]
        )

      const webhookChecked = (id: number, url: string, error: string | null, pending: number | null) =>
        Effect.asVoid(sql`
          update bots set webhook_error = ${error}, webhook_pending = ${pending}, webhook_checked_at = now()
          where id = ${id} and webhook_url = ${url}`)

      const webhookReleased = (id: number) =>
        Effect.asVoid(sql`
          update bots set webhook_url = null, webhook_error = null, webhook_pending = null
          where id = ${id} and (webhook_url is not null or webhook_error is not null)`)

      return BotsRepo.of({
        load,
        slugOwner,
        telegramOwner,
        insert,
        update,
        stopUnusable,
        locked,
        webhookSecret,
        webhookRegistered,
        webhookFailed,
        claimWebhookCheck,
        webhookChecked,
        webhookReleased
      })
    })
  )
}
