import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { Alert, AlertSettings } from "../domain/alert.ts"

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/** What the tables show of things that an operator is told about. */
export interface Signs {
  readonly stoppedBots: ReadonlyArray<{ readonly slug: string; readonly reason: string }>
  /** Gateways whose last charges, three at least, all failed within ten minutes. */
  readonly silentGateways: ReadonlyArray<{ readonly gateway: string; readonly failed: number }>
  readonly deadUpdates: number
  readonly failedDeliveries: number
  /** The day in the seller's zone, when something was sold in it. */
  readonly firstSale: { readonly day: string; readonly cents: number; readonly slug: string | null } | undefined
}

export class AlertsRepo extends Context.Service<
  AlertsRepo,
  {
    readonly settings: Sql<AlertSettings>
    readonly save: (botId: number | null, chatId: string | null) => Sql<void>
    readonly signs: Sql<Signs>
    /**
     * Of these, the causes to be told now: news, and the last word on the same cause is ten minutes old. They count as
     * told. Causes that are not among these are over.
     */
    readonly take: (alerts: ReadonlyArray<Alert>) => Sql<ReadonlyArray<string>>
    /** It was not told after all, and may be tried again. */
    readonly giveBack: (cause: string) => Sql<void>
  }
>()("funil/repo/AlertsRepo") {
  static readonly layer = Layer.effect(
    AlertsRepo,
    Effect.map(SqlClient.SqlClient, (sql) => {
      const stoppedBots = sql<{ readonly slug: string; readonly reason: string }>`
        select slug, coalesce(inactive_reason, webhook_error, 'sem motivo') as reason from bots
        where deleted_at is null and ((not active and token_status = 'invalid')
          or (active and webhook_error is not null)) order by slug`

      const silentGateways = sql<{ readonly gateway: string; readonly failed: number }>`
        select gateway, count(*)::int as failed from payments
        where created_at > now() - interval '10 minutes' and gateway is not null and status <> 'creating'
        group by gateway
        having count(*) >= 3 and bool_and(gateway_charge_id is null)`

      const counts = sql<{ readonly dead: number; readonly failed: number }>`
        select (select count(*)::int from telegram_updates where state = 2) as dead,
          (select count(*)::int from outbox where status = 'failed' and destination is not null) as failed`

      const firstSale = sql<{ readonly day: string; readonly cents: number; readonly slug: string | null }>`
        select to_char(paid_at at time zone 'America/Sao_Paulo', 'YYYY-MM-DD') as day,
          coalesce(value_cents, 0)::int as cents, bot_slug as slug
        from payments
        where paid_at >= date_trunc('day', now() at time zone 'America/Sao_Paulo') at time zone 'America/Sao_Paulo'
        order by paid_at limit 1`

      return AlertsRepo.of({
        settings: Effect.map(
          sql<AlertSettings>`
            select b.slug as bot, s.chat_id from alert_settings s left join bots b on b.id = s.bot_id`,
          ([row]) => row ?? { bot: null, chat_id: null }
        ),
        save: (botId, chatId) =>
          Effect.asVoid(sql`
            insert into alert_settings (bot_id, chat_id) values (${botId}, ${chatId})
            on conflict (only_row) do update set bot_id = excluded.bot_id, chat_id = excluded.chat_id, updated_at = now()`),
        signs: Effect.gen(function* () {
          const [count] = yield* counts
          return {
            stoppedBots: yield* stoppedBots,
            silentGateways: yield* silentGateways,
            deadUpdates: count?.dead ?? 0,
            failedDeliveries: count?.failed ?? 0,
            firstSale: (yield* firstSale)[0]
          }
        }),
        take: (alerts) =>
          Effect.map(
            sql<{ readonly cause: string }>`
              with seen as (
                select * from unnest(${alerts.map((one) => one.cause)}::text[], ${alerts.map((one) => one.state)}::text[])
                  s (cause, state)
              ), over as (
                update alerts set state = '' where state <> '' and cause not in (select cause from seen)
              )
              insert into alerts as a (cause, state) select cause, state from seen
              on conflict (cause) do update set state = excluded.state, told_at = now()
                where a.state <> excluded.state and a.told_at < now() - interval '10 minutes'
              returning cause`,
            (rows) => rows.map(({ cause }) => cause)
          ),
        giveBack: (cause) =>
          Effect.asVoid(sql`update alerts set state = '', told_at = '-infinity' where cause = ${cause}`)
      })
    })
  )
}
