import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type BotKeys, wanted } from "./botKeys.ts"

export interface TrackingSettingsRow {
  readonly botId: number
  readonly pixelId: string | null
  readonly pixelToken: string | null
  readonly pixelTokenIv: string | null
  readonly testEventCode: string | null
  readonly metaEvents: unknown
  readonly consentRequired: boolean
  readonly utmifyWaitingPayment: boolean
  readonly presell: unknown
}

export interface TrackingSettingsColumns {
  readonly pixel_id?: string | null
  readonly pixel_token?: string | null
  readonly pixel_token_iv?: string | null
  readonly test_event_code?: string | null
  readonly meta_events?: object
  readonly consent_required?: boolean
  readonly utmify_waiting_payment?: boolean
  readonly presell?: object
}

/** How a bot is tracked and what its presell page says (`bot_tracking`); a bot without a row has the defaults. */
export class TrackingSettingsRepo extends Context.Service<
  TrackingSettingsRepo,
  {
    readonly load: (keys?: BotKeys) => Effect.Effect<ReadonlyArray<TrackingSettingsRow>, SqlError.SqlError>
    /** Of one bot for another that has none. */
    readonly copy: (fromBotId: number, toBotId: number) => Effect.Effect<void, SqlError.SqlError>
    readonly save: (botId: number, columns: TrackingSettingsColumns) => Effect.Effect<void, SqlError.SqlError>
  }
>()("funil/repo/TrackingSettingsRepo") {
  static readonly layer = Layer.effect(
    TrackingSettingsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const load = (keys?: BotKeys) =>
        sql<TrackingSettingsRow>`
          select t.bot_id as "botId", t.pixel_id as "pixelId", t.pixel_token as "pixelToken",
            t.pixel_token_iv as "pixelTokenIv", t.test_event_code as "testEventCode", t.meta_events as "metaEvents", t.consent_required as "consentRequired",
            t.utmify_waiting_payment as "utmifyWaitingPayment", t.presell
          from bot_tracking t join bots b on b.id = t.bot_id where ${wanted(sql, keys)}`

      const copy = (fromBotId: number, toBotId: number) =>
        Effect.asVoid(sql`
          insert into bot_tracking (bot_id, pixel_id, pixel_token, pixel_token_iv, meta_events, consent_required,
            utmify_waiting_payment, presell)
          select ${toBotId}::bigint, pixel_id, pixel_token, pixel_token_iv, meta_events, consent_required,
            utmify_waiting_payment, presell
          from bot_tracking where bot_id = ${fromBotId}`)

      const save = Effect.fnUntraced(function* (botId: number, columns: TrackingSettingsColumns) {
        const { meta_events, presell, ...plain } = columns
        yield* sql`insert into bot_tracking (bot_id) values (${botId}) on conflict do nothing`
        yield* sql`
          update bot_tracking set updated_at = now(), ${sql.update({
            ...plain,
            ...(meta_events === undefined ? {} : { meta_events: JSON.stringify(meta_events) }),
            ...(presell === undefined ? {} : { presell: JSON.stringify(presell) })
          })}
          where bot_id = ${botId}`
      }, sql.withTransaction)

      return TrackingSettingsRepo.of({ load, copy, save })
    })
  )
}
