import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { GatewayFeePatch, type GatewayView } from "../../domain/admin.ts"
import * as Log from "../../log/Log.ts"
import { Gateways } from "../../payments/Gateways.ts"
import type { PaymentGateway } from "../../payments/PaymentGateway.ts"
import { Refunds } from "../../payments/Refunds.ts"
import { type GatewayFee, GatewayFeesRepo } from "../../repo/GatewayFeesRepo.ts"
import { Api } from "../api/Api.ts"
import { readJson } from "../body.ts"
import { orProblem, orUnavailable } from "../errors.ts"
import { notFound } from "../problem.ts"

export const PaymentsHandlers = HttpApiBuilder.group(Api, "payments", (handlers) =>
  Effect.map(Refunds, (refunds) => handlers.handle("refund", ({ params }) => orProblem(refunds.refund(params.id))))
)

const readPatch = readJson(GatewayFeePatch)

export const GatewaysHandlers = HttpApiBuilder.group(Api, "gateways", (handlers) =>
  Effect.gen(function* () {
    const gateways = yield* Gateways
    const fees = yield* GatewayFeesRepo

    const feeOf = (known: ReadonlyArray<GatewayFee>, { name }: PaymentGateway) =>
      known.find((fee) => fee.gateway === name) ?? { gateway: name, fixedCents: 0, percentBps: 0 }

    return handlers
      .handle("list", () =>
        Effect.map(orUnavailable(fees.all), (known) => ({
          items: gateways.all.map((gateway) => viewOf(gateway, feeOf(known, gateway))),
          next_cursor: null
        }))
      )
      .handleRaw("patch", ({ params, request }) =>
        Effect.gen(function* () {
          const patch = yield* readPatch(request)
          const gateway = Option.getOrUndefined(gateways.get(params.name))
          if (gateway === undefined) return yield* Effect.fail(notFound)
          const before = feeOf(yield* orUnavailable(fees.all), gateway)
          const fee = {
            ...before,
            fixedCents: patch.fee_fixed_cents ?? before.fixedCents,
            percentBps: patch.fee_percent_bps ?? before.percentBps
          }
          yield* orUnavailable(fees.save(fee))
          yield* Log.info(
            `[PAYMENT][TARIFA] Tarifa da ${gateway.name}: R$ ${reais(fee.fixedCents)} e ${reais(fee.percentBps)} % por pagamento`,
            { gateway: gateway.name }
          )
          return viewOf(gateway, fee)
        })
      )
  })
)

/** Both centavos and hundredths of a percent. */
const reais = (hundredths: number): string => (hundredths / 100).toFixed(2).replace(".", ",")

const viewOf = ({ capabilities, configured, name }: PaymentGateway, fee: GatewayFee): GatewayView => ({
  name,
  configured,
  refund: capabilities.refund,
  min_cents: capabilities.minCents,
  fee_fixed_cents: fee.fixedCents,
  fee_percent_bps: fee.percentBps
})
