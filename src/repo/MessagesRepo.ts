import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type BotKeys, wanted } from "./botKeys.ts"

export interface MessageRow {
  readonly id: number
  readonly botId: number
  /** A row of V2: without `bot_id`, under the slug of its bot, one of several that make up the /start. */
  readonly v2: boolean
  readonly key: string
  readonly content: unknown
  readonly mediaSha256: string | null
  readonly mediaKind: string | null
}

/** A content outside `bot_messages` in which a plan has a price of its own. */
export interface OfferRow {
  readonly botId: number
  readonly content: unknown
}

type Answer<A> = Effect.Effect<A, SqlError.SqlError>

/** The table `bot_messages`, and what offers prices beside it. */
export class MessagesRepo extends Context.Service<
  MessagesRepo,
  {
    /** Active ones: V2's in their order, of the others the newest of each key first. */
    readonly load: (keys?: BotKeys) => Answer<ReadonlyArray<MessageRow>>
    /** Inside a transaction that holds the bot's lock: V2's databases have no unique key on (bot, key). */
    readonly put: (botId: number, key: string, content: object) => Answer<void>
    readonly offers: (keys?: BotKeys) => Answer<ReadonlyArray<OfferRow>>
  }
>()("funil/repo/MessagesRepo") {
  static readonly layer = Layer.effect(
    MessagesRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      // Two joins instead of one with OR, which would compare every message with every bot.
      const load = (keys?: BotKeys) =>
        sql<MessageRow>`
          select m.id, m."botId", m.v2, m.slug as key, m.content, m.media_sha256 as "mediaSha256",
            m.media_kind as "mediaKind"
          from (
            select m.*, b.id as "botId", false as v2 from bot_messages m join bots b on b.id = m.bot_id
            where m.active and ${wanted(sql, keys)}
            union all
            select m.*, b.id as "botId", true as v2 from bot_messages m join bots b on b.slug = m.slug
            where m.bot_id is null and m.active and ${wanted(sql, keys)}) m
          order by m.v2, case when m.v2 then m.sequence_order end, case when m.v2 then m.id end,
            m.updated_at desc, m.id desc`

      const put = Effect.fnUntraced(function* (botId: number, key: string, content: object) {
        const updated = yield* sql`
          update bot_messages set content = ${JSON.stringify(content)}, active = true, updated_at = now(),
            message_type = 'text', media_sha256 = null, media_kind = null, media_r2_key = null
          where id = (select m.id from bot_messages m where m.bot_id = ${botId} and m.slug = ${key}
            order by m.updated_at desc, m.id desc limit 1)
          returning id`
        if (updated.length > 0) return
        yield* sql`insert into bot_messages (bot_id, slug, content) values (${botId}, ${key}, ${JSON.stringify(content)})`
      })

      const offers = (keys?: BotKeys) =>
        sql<OfferRow>`
          select b.id as "botId", o.content from shots o join bots b on b.id = o.bot_id
          where o.content @? '$.buttons[*][*].price_cents' and ${wanted(sql, keys)}`

      return MessagesRepo.of({ load, put, offers })
    })
  )
}
