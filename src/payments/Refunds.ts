import { Context, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import { conflict, notFound, orDefect, upstream } from "../bots/refusals.ts"
import type { AdminError } from "../domain/admin.ts"
import type { PaymentView } from "../domain/payment.ts"
import * as Log from "../log/Log.ts"
import { sentenceOf } from "../log/sentences.ts"
import { type Payment, PaymentsRepo } from "../repo/PaymentsRepo.ts"
import { Gateways } from "./Gateways.ts"
import { fieldsOf, whose } from "./lines.ts"
import type { GatewayError } from "./PaymentGateway.ts"
import { Settlement } from "./Settlement.ts"

/** Gives a buyer's money back, where the gateway can. */
export class Refunds extends Context.Service<
  Refunds,
  {
    /**
     * Asks the gateway once, whoever else asks at the same time. Its yes is believed: the payment is refunded when this
     * returns, with everything that follows from it.
     */
    readonly refund: (paymentId: number) => Effect.Effect<PaymentView, AdminError>
  }
>()("funil/payments/Refunds") {
  static readonly layer = Layer.effect(
    Refunds,
    Effect.gen(function* () {
      const payments = yield* PaymentsRepo
      const gateways = yield* Gateways
      const settlement = yield* Settlement

      const view = (paymentId: number) =>
        Effect.flatMap(payments.view(paymentId), (found) =>
          Option.match(found, { onNone: () => unknown, onSome: (one) => Effect.succeed(one) })
        )

      const refundable = Effect.fnUntraced(function* (payment: Payment) {
        if (payment.status === "refunded") return yield* conflict("Este pagamento já foi devolvido.")
        if (payment.status !== "paid") return yield* conflict("Só um pagamento confirmado pode ser devolvido.")
        const gateway = Option.getOrUndefined(gateways.get(payment.gateway))
        if (gateway?.configured !== true) {
          return yield* conflict(`O gateway ${payment.gateway} não está configurado; preencha a credencial dele.`)
        }
        if (!gateway.capabilities.refund || payment.chargeId === null) {
          return yield* conflict(
            `O gateway ${payment.gateway} só devolve pelo painel dele; aqui o estorno aparece depois.`
          )
        }
        return { gateway, chargeId: payment.chargeId }
      })

      const refund = Effect.fn("Refunds.refund")(
        function* (paymentId: number): Effect.fn.Return<PaymentView, AdminError | SqlError.SqlError> {
          const found = yield* payments.findById(paymentId)
          if (Option.isNone(found)) return yield* unknown
          const payment = found.value
          const { chargeId, gateway } = yield* refundable(payment)
          if (!(yield* payments.claimRefund(paymentId))) {
            return yield* conflict("O estorno deste pagamento já foi pedido há pouco; espere um minuto.")
          }
          const answer = yield* Effect.result(gateway.refund(chargeId))
          if (answer._tag === "Failure") {
            // After an answer that was lost the claim stays for its minute: the gateway may be at it.
            if (answer.failure.reason._tag !== "GatewayUncertain") yield* payments.releaseRefund(paymentId)
            yield* Log.failure(`O estorno não foi feito: ${whose(payment)}`, answer.failure, fieldsOf(payment))
            return yield* refusalOf(answer.failure)
          }
          yield* settlement.apply(payment, { id: chargeId, status: "refunded", rawStatus: "refunded" }, "request")
          return yield* view(paymentId)
        },
        orDefect,
        // Whoever hangs up does not cut a refund in two.
        Effect.uninterruptible
      )

      return Refunds.of({ refund })
    })
  )
}

const unknown = notFound("Este pagamento não existe.")

const refusalOf = (error: GatewayError): AdminError => {
  const sentence = sentenceOf(error)
  const words = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`
  switch (error.reason._tag) {
    case "GatewayUncertain":
      return upstream(`${words} Confira no painel dele antes de pedir de novo.`)
    case "GatewayUnavailable":
    case "GatewayRateLimited":
    case "GatewayUnauthorized":
      return upstream(words)
    case "GatewayRefused":
    case "ChargeNotFound":
    case "WebhookRefused":
      return conflict(words)
  }
}
