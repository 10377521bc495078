import { Context, Effect, Layer, Option } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { canMove, type GatewayStatus, interpretStatus, type PaymentStatus, wasPaid } from "../domain/payment.ts"
import * as Log from "../log/Log.ts"
import { telemetry } from "../log/telemetry.ts"
import { AccessRepo } from "../repo/AccessRepo.ts"
import { type ChargeDetails, type Payment, PaymentsRepo } from "../repo/PaymentsRepo.ts"
import { Outbox } from "../tracking/Outbox.ts"
import { type PaymentFact, Reports } from "../tracking/Reports.ts"
import { fieldsOf, statusLine } from "./lines.ts"
import type { ChargeState } from "./PaymentGateway.ts"
import { retryConflicts } from "./retryConflicts.ts"

/** Why a state is believed: the gateway's own answer (to a question, to our request), the secret of the charge's address, or a signature. */
export type Proof = "query" | "request" | "secret" | "signed"

/**
 * What a proven state did. `Refused`: it speaks of another value or another charge, so nothing was moved and an ERROR
 * line says so.
 */
export type Applied =
  | { readonly _tag: "Moved"; readonly from: PaymentStatus; readonly to: PaymentStatus }
  | { readonly _tag: "Unchanged"; readonly status: PaymentStatus }
  | { readonly _tag: "Refused"; readonly status: PaymentStatus; readonly reason: string }

/** The only place where a payment changes its state because of what a gateway says. */
export class Settlement extends Context.Service<
  Settlement,
  {
    /**
     * One transaction: the state, the funnel event, the buyer's `has_paid`, the downsells that are not due any more,
     * the delivery. Forward only; the same states in any order, any number of times, end in the same rows.
     */
    readonly apply: (payment: Payment, state: ChargeState, proof: Proof) => Effect.Effect<Applied, SqlError.SqlError>
    /** Our own deadline passed and the gateway knew of no payment. */
    readonly expire: (payment: Payment) => Effect.Effect<Applied, SqlError.SqlError>
  }
>()("funil/payments/Settlement") {
  static readonly layer = Layer.effect(
    Settlement,
    Effect.gen(function* () {
      const payments = yield* PaymentsRepo
      const outbox = yield* Outbox
      const reports = yield* Reports
      const access = yield* AccessRepo
      const sql = yield* SqlClient.SqlClient

      const deliver = (payment: Payment) =>
        payment.telegramId === null || payment.botId === null
          ? Log.error(
              `[ERRO] ${statusLine(payment)}: não sei quem comprou; entregue o produto manualmente`,
              fieldsOf(payment)
            )
          : outbox.put({
              destination: "telegram",
              eventName: "delivery",
              payload: { payment_id: payment.id, bot_id: payment.botId, telegram_id: payment.telegramId },
              botId: payment.botId,
              paymentId: payment.id,
              telegramId: payment.telegramId,
              orderKey: `${payment.botId}:${payment.telegramId}`,
              dedupeKey: `delivery:${payment.id}`
            })

      /** What the buyer's chat is to show, where we know him. */
      const showBuyer = (eventName: "pix_expired" | "access_withdrawal", payment: Payment) =>
        payment.telegramId === null || payment.botId === null || !payment.ours
          ? Effect.void
          : outbox.put({
              destination: "telegram",
              eventName,
              payload: { payment_id: payment.id },
              botId: payment.botId,
              paymentId: payment.id,
              telegramId: payment.telegramId,
              orderKey: `${eventName}:${payment.id}`,
              dedupeKey: `${eventName}:${payment.id}`
            })

      // The place may be opened at this very moment: `AccessRepo.open` waits for us, and we for it.
      const withdraw = (payment: Payment) =>
        Effect.flatMap(access.ofPayment(payment.id), (place) =>
          Option.isNone(place) ? Effect.void : showBuyer("access_withdrawal", payment)
        )

      const told = Effect.fnUntraced(function* (fact: PaymentFact, payment: Payment) {
        yield* payments.recordEvent(payment.id, fact)
        yield* reports.queue(fact, payment)
      })

      // A refund or chargeback that arrives first tells of the payment as well: it was paid, whatever came later. So
      // does a payment that is faster than the answer to its creation tell of the charge.
      const paidFor = Effect.fnUntraced(function* (payment: Payment) {
        yield* payments.markBuyer(payment.id)
        if (payment.ours) yield* told("pix_created", payment)
        yield* told("pix_paid", payment)
        yield* payments.estimateFee(payment.id)
        if (payment.botId !== null && payment.telegramId !== null) {
          yield* payments.cancelDownsells(payment.botId, payment.botSlug, payment.telegramId)
        }
        yield* deliver(payment)
      })

      const transition = Effect.fnUntraced(
        function* (id: number, said: GatewayStatus, details: ChargeDetails & Value) {
          const current = yield* Effect.flatMap(payments.lock(id), orGone(id))
          const to = interpretStatus(current.status, said)
          const problem = contradiction(current, to, details)
          if (problem !== undefined) return { applied: refused(current.status, problem), payment: current }
          // That a charge waits is the news of its creation and of nobody else.
          if (to === "pending" || !canMove(current.status, to)) {
            if (wasPaid(to)) yield* payments.addDetails(id, to === current.status ? details : withoutWord(details))
            return { applied: unchanged(current.status), payment: current }
          }
          const payment = yield* Effect.flatMap(payments.move(id, to, details), orGone(id))
          if (wasPaid(to) && !wasPaid(current.status)) yield* paidFor(payment)
          const loss = losses[to]
          if (loss !== undefined) {
            yield* told(loss, payment)
            yield* withdraw(payment)
          }
          if (to === "expired") yield* showBuyer("pix_expired", payment)
          return { applied: moved(current.status, to), payment }
        },
        sql.withTransaction,
        retryConflicts
      )

      const report = Effect.fnUntraced(function* (
        applied: Applied,
        payment: Payment,
        proof: string,
        latencyMs: number
      ) {
        const fields = { ...fieldsOf(payment), proof }
        telemetry.settlements.record({ result: resultOf(applied), proof })
        if (applied._tag === "Moved") {
          countMoney(applied.from, applied.to, payment)
          yield* Log.info(statusLine(payment), { ...fields, latency_ms: latencyMs })
        }
        if (applied._tag === "Refused" && (yield* payments.markProblem(payment.id, applied.reason))) {
          yield* Log.error(`[ERRO] ${statusLine(payment)}: ${applied.reason}; nada foi liberado`, fields)
        }
      })

      const settle = Effect.fn("Settlement.settle")(function* (
        { id }: Payment,
        said: GatewayStatus,
        details: ChargeDetails & Value,
        proof: Proof | "deadline"
      ) {
        const latencyMs = Log.timer()
        const { applied, payment } = yield* transition(id, said, details)
        yield* Effect.annotateCurrentSpan({ payment_id: id, proof, outcome: applied._tag })
        yield* report(applied, payment, proof, latencyMs())
        return applied
      })

      return Settlement.of({
        apply: (payment, state, proof) => settle(payment, state.status, state, proof),
        expire: (payment) => settle(payment, "expired", {}, "deadline")
      })
    })
  )
}

const orGone = (id: number) => (found: Option.Option<Payment>) =>
  Option.match(found, {
    onNone: () => Effect.die(new Error(`payment ${id} is gone`)),
    onSome: (payment) => Effect.succeed(payment)
  })

/** A refund that is heard of first tells of the payment as well. */
const countMoney = (from: PaymentStatus, to: PaymentStatus, { gateway, valueCents }: Payment) => {
  if (wasPaid(to) && !wasPaid(from)) {
    telemetry.funnelEvents.record({ event: "pix_paid" })
    telemetry.revenue.record({ gateway }, valueCents ?? 0)
  }
  const loss = losses[to]
  if (loss !== undefined) {
    telemetry.funnelEvents.record({ event: loss })
    telemetry.refunded.record({ gateway }, valueCents ?? 0)
  }
}

/** The money went back. */
const losses: Partial<Record<PaymentStatus, PaymentFact>> = {
  refunded: "pix_refunded",
  charged_back: "pix_charged_back"
}

interface Value {
  readonly valueCents?: number | undefined
}

const resultOf = (applied: Applied): string => {
  if (applied._tag === "Moved") return applied.to
  return applied._tag === "Unchanged" ? "unchanged" : "refused"
}

const moved = (from: PaymentStatus, to: PaymentStatus): Applied => ({ _tag: "Moved", from, to })
const unchanged = (status: PaymentStatus): Applied => ({ _tag: "Unchanged", status })
const refused = (status: PaymentStatus, reason: string): Applied => ({ _tag: "Refused", status, reason })

/** A state that came late may still name the payer, but its word is not the last one. */
const withoutWord = (details: ChargeDetails): ChargeDetails => ({ ...details, rawStatus: undefined })

/** Money only counts for the charge it was asked for, and only as much as was asked. */
const contradiction = (payment: Payment, to: PaymentStatus, said: ChargeDetails & Value): string | undefined => {
  if (said.id !== undefined && payment.chargeId !== null && said.id !== payment.chargeId) {
    return "a confirmação é de outra cobrança"
  }
  if (!wasPaid(to) || said.valueCents === undefined || said.valueCents === payment.valueCents) return undefined
  return `o valor confirmado (${(said.valueCents / 100).toFixed(2)}) não é o da cobrança`
}
