import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

/** What was found of a person; all of it is gone or names nobody any more. */
export interface Erased {
  readonly people: number
  readonly payments: number
  readonly events: number
  readonly sessions: number
}

const reason = "a pessoa pediu para ser esquecida (LGPD)"

/** The right to be forgotten (LGPD, art. 18): the person goes, the sale and the count stay. */
export class ErasureRepo extends Context.Service<
  ErasureRepo,
  {
    /** One transaction, wherever something of the person lies; a second time finds nothing. */
    readonly erase: (botId: number, botSlug: string, telegramId: number) => Effect.Effect<Erased, SqlError.SqlError>
  }
>()("funil/repo/ErasureRepo") {
  static readonly layer = Layer.effect(
    ErasureRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const erase = Effect.fn("ErasureRepo.erase")(function* (botId: number, slug: string, telegramId: number) {
        // Old tables have no index by person; this is asked for once in a while.
        yield* sql`set local statement_timeout = '10min'`
        const people = yield* sql<{ id: number }>`
          delete from bot_users where bot_id = ${botId} and telegram_id = ${telegramId} returning id`
        const payments = yield* sql<{ id: number; charge: string | null }>`
          update payments p set updated_at = now(), telegram_id = null, bot_user_id = null, chat_id = null,
            pix_message_id = null, pix_message_ids = null, customer_first_name = null, customer_last_name = null,
            payer_name = null, payer_document = null, meta = null,
            tracking = jsonb_strip_nulls(jsonb_build_object('utm_source', p.tracking->'utm_source',
              'utm_medium', p.tracking->'utm_medium', 'utm_campaign', p.tracking->'utm_campaign',
              'utm_content', p.tracking->'utm_content', 'utm_term', p.tracking->'utm_term', 'src', p.tracking->'src',
              'sck', p.tracking->'sck', 'xcod', p.tracking->'xcod'))
          where p.bot_id = ${botId}
            and (p.telegram_id = ${telegramId} or p.bot_user_id = any(${people.map((one) => one.id)}::bigint[]))
          returning p.id, lower(coalesce(p.gateway_charge_id, p.external_id)) as charge`
        const paymentIds = payments.map((one) => one.id)
        const sessions = yield* sql<{ id: string }>`
          update tracking_sessions set updated_at = now(), erased_at = now(), telegram_id = null, ip = null,
            user_agent = null, fbp = null, fbc = null, fbc_origin = null, fbclid = null, landing_url = null,
            referrer = null, consent = null
          where telegram_id = ${telegramId} and bot_id = ${botId} returning id`
        const sessionIds = sessions.map((one) => one.id)
        yield* sql`
          delete from tracking_clients
          where session_id = any(${sessionIds}::text[]) or payment_id = any(${paymentIds}::bigint[])`
        const events = yield* sql`
          update funnel_events set telegram_id = null, tg_id = null, bot_user_id = null, fbp = null, fbc = null, meta = null
          where ((telegram_id = ${telegramId} or tg_id = ${telegramId})
              and (bot_id = ${botId} or (bot_id is null and bot_slug = ${slug})))
            or session_id = any(${sessionIds}::text[])
          returning 1`
        yield* forgetLegacyEvents(botId, slug, telegramId)
        // What gateways said names the payer.
        yield* sql`
          update gateway_events set raw = null, payload = null, headers = null, query = null
          where state <> 'waiting' and (payment_id = any(${paymentIds}::bigint[])
            or lower(payload->>'id') = any(${payments.flatMap(({ charge }) => charge ?? [])}::text[]))`
        yield* forgetQueues(botId, slug, telegramId, paymentIds)
        // The numbers are counted anew where these facts lay; whose they were is not asked again.
        yield* sql`update metrics_late set person = null where person = ${telegramId}`
        yield* sql`delete from metrics_visits where person = ${telegramId} and bot = ${slug}`
        yield* sql`delete from metrics_returns where unit = ${`p:${telegramId}`} and bot = ${slug}`
        return { people: people.length, payments: payments.length, events: events.length, sessions: sessions.length }
      }, sql.withTransaction)

      /** The table from before the partitions, where it was kept. */
      const forgetLegacyEvents = Effect.fnUntraced(function* (botId: number, slug: string, telegramId: number) {
        const [found] = yield* sql<{
          exists: boolean
        }>`select to_regclass('funnel_events_legacy') is not null as exists`
        if (found?.exists !== true) return
        yield* sql`
          update funnel_events_legacy set tg_id = null, meta = null
          where tg_id = ${telegramId} and (bot_id = ${botId} or (bot_id is null and bot_slug = ${slug}))`
      })

      /** Rows count for their downsell, shot or destination; whom they were for becomes a number that is nobody's. */
      const forgetQueues = Effect.fnUntraced(function* (
        botId: number,
        slug: string,
        telegramId: number,
        paymentIds: ReadonlyArray<number>
      ) {
        yield* sql`
          update downsells_queue set telegram_id = -id, tg_id = '-', updated_at = now(),
            status = case when status = 'pending' then 'canceled' else status end,
            cancel_reason = case when status = 'pending' then 'erased' else cancel_reason end
          where telegram_id = ${telegramId} and bot_slug = ${slug}`
        yield* sql`
          update shots_queue set telegram_id = -id, tg_id = '-', updated_at = now(),
            status = case when lower(status) = 'pending' then 'skipped' else status end,
            cancel_reason = case when lower(status) = 'pending' then 'erased' else cancel_reason end,
            settled_at = case when lower(status) = 'pending' then now() else settled_at end
          where telegram_id = ${telegramId} and (bot_id = ${botId} or bot_slug = ${slug})`
        yield* sql`
          update outbox set telegram_id = null, order_key = null, payload = payload - 'telegram_id',
            status = case when status = 'pending' then 'failed' else status end,
            last_error = case when status = 'pending' then ${reason} else last_error end
          where destination is not null
            and ((telegram_id = ${telegramId} and bot_id = ${botId}) or payment_id = any(${paymentIds}::bigint[]))`
        yield* sql`delete from vip_access where bot_id = ${botId} and telegram_id = ${telegramId}`
        yield* sql`
          update telegram_updates set payload = '{}', person_id = null, error = null
          where bot_id = ${botId} and person_id = ${telegramId} and state <> 0`
      })

      return ErasureRepo.of({ erase })
    })
  )
}
