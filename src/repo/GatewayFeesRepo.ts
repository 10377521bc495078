import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { rowsOf } from "./decode.ts"

/** What a gateway keeps of a payment: so many centavos, and so many hundredths of a percent of the value. */
export const GatewayFee = Schema.Struct({
  gateway: Schema.String,
  fixedCents: Schema.Int,
  percentBps: Schema.Int
})
export type GatewayFee = typeof GatewayFee.Type

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

const decode = rowsOf(GatewayFee)

/** The seller's contracts with the gateways (`gateway_fees`); read by `estimateFee` when a payment is settled. */
export class GatewayFeesRepo extends Context.Service<
  GatewayFeesRepo,
  {
    readonly all: Sql<ReadonlyArray<GatewayFee>>
    readonly save: (fee: GatewayFee) => Sql<void>
  }
>()("funil/repo/GatewayFeesRepo") {
  static readonly layer = Layer.effect(
    GatewayFeesRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      return GatewayFeesRepo.of({
        all: decode(sql`
          select gateway, fixed_cents as "fixedCents", percent_bps as "percentBps" from gateway_fees order by gateway`),
        save: ({ fixedCents, gateway, percentBps }) =>
          Effect.asVoid(sql`
            insert into gateway_fees (gateway, fixed_cents, percent_bps) values (${gateway}, ${fixedCents}, ${percentBps})
            on conflict (gateway) do update set fixed_cents = excluded.fixed_cents,
              percent_bps = excluded.percent_bps, updated_at = now()`)
      })
    })
  )
}
