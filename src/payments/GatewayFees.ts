import { Context, Effect, Layer, Option } from "effect"
import { notFound, orDefect } from "../bots/refusals.ts"
import type { AdminError, GatewayFeePatch, GatewayView } from "../domain/admin.ts"
import * as Log from "../log/Log.ts"
import { type GatewayFee, GatewayFeesRepo } from "../repo/GatewayFeesRepo.ts"
import { Gateways } from "./Gateways.ts"
import type { PaymentGateway } from "./PaymentGateway.ts"

/** What each gateway can do, and what it keeps of a payment by the seller's contract. */
export class GatewayFees extends Context.Service<
  GatewayFees,
  {
    readonly all: Effect.Effect<ReadonlyArray<GatewayView>>
    /** Holds for the payments to come: those that are settled keep the fee they were settled with. */
    readonly patch: (name: string, patch: GatewayFeePatch) => Effect.Effect<GatewayView, AdminError>
  }
>()("funil/payments/GatewayFees") {
  static readonly layer = Layer.effect(
    GatewayFees,
    Effect.gen(function* () {
      const gateways = yield* Gateways
      const repo = yield* GatewayFeesRepo

      const feeOf = (known: ReadonlyArray<GatewayFee>, { name }: PaymentGateway) =>
        known.find((fee) => fee.gateway === name) ?? { gateway: name, fixedCents: 0, percentBps: 0 }

      return GatewayFees.of({
        all: Effect.orDie(
          Effect.map(repo.all, (known) => gateways.all.map((gateway) => viewOf(gateway, feeOf(known, gateway))))
        ),
        patch: Effect.fn("GatewayFees.patch")(function* (name: string, patch: GatewayFeePatch) {
          const gateway = Option.getOrUndefined(gateways.get(name))
          if (gateway === undefined) return yield* notFound("Este gateway não existe.")
          const before = feeOf(yield* repo.all, gateway)
          const fee = {
            ...before,
            fixedCents: patch.fee_fixed_cents ?? before.fixedCents,
            percentBps: patch.fee_percent_bps ?? before.percentBps
          }
          yield* repo.save(fee)
          yield* Log.info(
            `[PAYMENT][TARIFA] Tarifa da ${gateway.name}: R$ ${withComma(fee.fixedCents)} e ${withComma(fee.percentBps)} % por pagamento`,
            { gateway: gateway.name }
          )
          return viewOf(gateway, fee)
        }, orDefect)
      })
    })
  )
}

/** Both centavos and hundredths of a percent. */
const withComma = (hundredths: number): string => (hundredths / 100).toFixed(2).replace(".", ",")

const viewOf = ({ capabilities, configured, name }: PaymentGateway, fee: GatewayFee): GatewayView => ({
  name,
  configured,
  refund: capabilities.refund,
  min_cents: capabilities.minCents,
  fee_fixed_cents: fee.fixedCents,
  fee_percent_bps: fee.percentBps
})
