import { Context, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import { Config } from "../config.ts"
import { Outbox } from "./Outbox.ts"

/** What a payment did that others are told of; also the `event_name` of its outbox row. */
export type PaymentFact = "pix_created" | "pix_paid" | "pix_refunded" | "pix_charged_back"

type Destination = "facebook" | "utmify"

/** Contract, section 7. Meta knows nothing of refunds. */
const audience: Record<PaymentFact, ReadonlyArray<Destination>> = {
  pix_created: ["facebook", "utmify"],
  pix_paid: ["facebook", "utmify"],
  pix_refunded: ["utmify"],
  pix_charged_back: ["utmify"]
}

export interface ReportedPayment {
  readonly id: number
  readonly botId: number | null
  readonly telegramId: number | null
}

/** Queues what Meta and UTMify are to hear of a payment, in the transaction that makes it true. */
export class Reports extends Context.Service<
  Reports,
  {
    /**
     * Joins the caller's transaction. The rows hold the payment's id only: whoever sends them reads the rest. One row
     * per destination and fact, those of one payment in the order of their facts.
     */
    readonly queue: (fact: PaymentFact, payment: ReportedPayment) => Effect.Effect<void, SqlError.SqlError>
  }
>()("funil/tracking/Reports") {
  static readonly layer = Layer.effect(
    Reports,
    Effect.gen(function* () {
      const config = yield* Config
      const outbox = yield* Outbox
      const listening: Record<Destination, boolean> = {
        facebook: Option.isSome(config.facebook.pixelId) && Option.isSome(config.facebook.accessToken),
        utmify: Option.isSome(config.utmify.token)
      }

      const queue = Effect.fnUntraced(function* (fact: PaymentFact, payment: ReportedPayment) {
        for (const destination of audience[fact]) {
          if (!listening[destination]) continue
          yield* outbox.put({
            destination,
            eventName: fact,
            payload: { payment_id: payment.id },
            botId: payment.botId,
            paymentId: payment.id,
            telegramId: payment.telegramId,
            orderKey: `payment:${payment.id}`,
            dedupeKey: `${destination}:${fact}:${payment.id}`
          })
        }
      })

      return Reports.of({ queue })
    })
  )
}
