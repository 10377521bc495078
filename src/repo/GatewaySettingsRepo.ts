import { Context, Effect, Layer, type Option, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { firstOf, rowsOf } from "./decode.ts"

/** A value as it lies in the database, sealed. */
export const SealedSetting = Schema.Struct({ value: Schema.String, iv: Schema.String })
export type SealedSetting = typeof SealedSetting.Type

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

const first = firstOf(SealedSetting)
const all = rowsOf(SealedSetting)

/** Secrets that a gateway gave us, by gateway and key (`gateway_settings`). */
export class GatewaySettingsRepo extends Context.Service<
  GatewaySettingsRepo,
  {
    readonly find: (gateway: string, key: string) => Sql<Option.Option<SealedSetting>>
    readonly ofGateway: (gateway: string) => Sql<ReadonlyArray<SealedSetting>>
    readonly save: (gateway: string, key: string, sealed: SealedSetting) => Sql<void>
    /** The right to write this one, for as long as that; false while another process has it. */
    readonly claim: (gateway: string, key: string, seconds: number) => Sql<boolean>
    readonly release: (gateway: string, key: string) => Sql<void>
  }
>()("funil/repo/GatewaySettingsRepo") {
  static readonly layer = Layer.effect(
    GatewaySettingsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const find = (gateway: string, key: string) =>
        first(sql`
          select value, iv from gateway_settings
          where gateway = ${gateway} and key = ${key} and value is not null`)

      const ofGateway = (gateway: string) =>
        all(sql`select value, iv from gateway_settings where gateway = ${gateway} and value is not null order by key`)

      const save = (gateway: string, key: string, { iv, value }: SealedSetting) =>
        Effect.asVoid(sql`
          insert into gateway_settings (gateway, key, value, iv) values (${gateway}, ${key}, ${value}, ${iv})
          on conflict (gateway, key) do update set value = excluded.value, iv = excluded.iv, updated_at = now()`)

      const claim = (gateway: string, key: string, seconds: number) =>
        Effect.map(
          sql`
            insert into gateway_settings as s (gateway, key, claimed_until)
            values (${gateway}, ${key}, now() + make_interval(secs => ${seconds}))
            on conflict (gateway, key) do update set claimed_until = excluded.claimed_until
              where s.claimed_until is null or s.claimed_until < now()
            returning s.key`,
          (rows) => rows.length > 0
        )

      const release = (gateway: string, key: string) =>
        Effect.asVoid(sql`
          update gateway_settings set claimed_until = null where gateway = ${gateway} and key = ${key}`)

      return GatewaySettingsRepo.of({ find, ofGateway, save, claim, release })
    })
  )
}
