import { Effect } from "effect"
import { type Payment, PaymentsRepo } from "../repo/PaymentsRepo.ts"
import { type ChargeState, GatewayError, GatewayUnavailable, type PaymentGateway } from "./PaymentGateway.ts"

/** As long as a query slot is held for an answer (`claimQuery`). */
const longest = "8 seconds"

/**
 * Asks a gateway for a charge whose slot was just taken; the slot then counts from the answer. Once begun it ends by
 * itself, whoever waits for it.
 */
export const makeAsk = Effect.map(
  PaymentsRepo,
  (payments) =>
    (gateway: PaymentGateway, payment: Payment, chargeId: string): Effect.Effect<ChargeState, GatewayError> =>
      gateway.getCharge(chargeId).pipe(
        Effect.timeoutOrElse({
          duration: longest,
          orElse: () =>
            Effect.fail(
              new GatewayError({
                gateway: gateway.name,
                operation: "query",
                reason: new GatewayUnavailable({ detail: "sem resposta" })
              })
            )
        }),
        Effect.ensuring(Effect.ignore(payments.queryAnswered(payment.id)))
      )
)
