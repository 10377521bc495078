import { Context, Effect, Fiber, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import type { PaymentStatus } from "../domain/payment.ts"
import * as Log from "../log/Log.ts"
import { type Payment, PaymentsRepo } from "../repo/PaymentsRepo.ts"
import { makeAsking, type Round } from "./asking.ts"
import { Gateways } from "./Gateways.ts"
import { Settlement } from "./Settlement.ts"

/** A buyer who taps "já paguei" looks at a spinner until he is answered. */
const buyersPatience = "2500 millis"

/** States in which a question to the gateway can bring news. */
const askable: ReadonlySet<PaymentStatus> = new Set<PaymentStatus>(["pending", "unknown", "expired"])

/** Finds what no webhook told: asks the gateways, within their rules, for every charge that may have been paid. */
export class Reconciliation extends Context.Service<
  Reconciliation,
  {
    /**
     * The buyer says that he paid. Asks the gateway if its rule allows a question now, and answers within 2.5 s with
     * what is known. None: this person has no such payment at this bot.
     */
    readonly verify: (
      paymentId: number,
      telegramId: number,
      botId: number
    ) => Effect.Effect<Option.Option<PaymentStatus>, SqlError.SqlError>
    /** Asks for the open charges whose turn it is, as far as there are places. Their answers come later. */
    readonly askOpen: Effect.Effect<Round, SqlError.SqlError>
    /** Ends what nobody will pay any more: creations whose process died, and overdue charges. */
    readonly tidy: Effect.Effect<void, SqlError.SqlError>
  }
>()("funil/payments/Reconciliation") {
  static readonly layer = Layer.effect(
    Reconciliation,
    Effect.gen(function* () {
      const payments = yield* PaymentsRepo
      const gateways = yield* Gateways
      const asking = yield* makeAsking
      const settlement = yield* Settlement
      const scope = yield* Effect.scope

      const tidy = Effect.gen(function* () {
        const stale = yield* payments.markStaleUnknown("CheckoutUncertain: a criação da cobrança foi interrompida")
        for (const { id } of stale) {
          yield* Log.warn(
            `[PAYMENT][PIX_UNKNOWN] A criação da cobrança ${id} foi interrompida; ninguém recebeu o código`,
            {
              payment_id: id
            }
          )
        }
        for (const payment of yield* payments.forgotten) yield* settlement.expire(payment)
        yield* asking.askDue("expired")
      }).pipe(Effect.withTracerEnabled(false))

      const askNow = Effect.fnUntraced(function* (payment: Payment, chargeId: string) {
        const gateway = gateways.get(payment.gateway)
        if (Option.isNone(gateway) || !gateway.value.configured) return
        const { secondsBetweenQueries } = gateway.value.capabilities
        const slot = yield* payments.claimQuery(payment.id, secondsBetweenQueries)
        yield* payments.askSoon(payment.id, slot.taken ? secondsBetweenQueries : slot.freeInSeconds)
        if (!slot.taken) return
        const running = yield* Effect.forkIn(asking.askOne(gateway.value, { ...payment, chargeId }), scope)
        yield* Effect.timeoutOption(Fiber.await(running), buyersPatience)
      })

      const verify = Effect.fn("Reconciliation.verify")(function* (
        paymentId: number,
        telegramId: number,
        botId: number
      ): Effect.fn.Return<Option.Option<PaymentStatus>, SqlError.SqlError> {
        const theirs = Effect.map(
          payments.findById(paymentId),
          Option.filter((payment) => payment.telegramId === telegramId && payment.botId === botId)
        )
        const found = yield* theirs
        if (Option.isNone(found)) return Option.none()
        const { status, chargeId } = found.value
        if (chargeId === null || !askable.has(status)) return Option.some(status)
        yield* askNow(found.value, chargeId)
        return Option.map(yield* theirs, (payment) => payment.status)
      })

      return Reconciliation.of({
        verify,
        askOpen: Effect.withTracerEnabled(asking.askDue("open"), false),
        tidy
      })
    })
  )
}
