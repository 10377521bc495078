import { Effect, Option } from "effect"
import type { SqlError } from "effect/sql"
import { canMove, interpretStatus, type PaymentStatus, wasPaid } from "../domain/payment.ts"
import * as Log from "../log/Log.ts"
import type { GatewayEvent } from "../repo/GatewayEventsRepo.ts"
import { type Payment, PaymentsRepo } from "../repo/PaymentsRepo.ts"
import { makeAsk } from "./ask.ts"
import { fieldsOf, statusLine, whose } from "./lines.ts"
import type { ChargeState, GatewayError, PaymentGateway } from "./PaymentGateway.ts"
import { type Applied, type Proof, Settlement } from "./Settlement.ts"

/** What one event of a webhook came to. `Later.counts`: the gateway contradicted it, which it may do a few times. */
export type Judgement =
  | { readonly _tag: "Done"; readonly paymentId: number; readonly proof?: Proof }
  | { readonly _tag: "Unmatched" }
  | { readonly _tag: "Refused"; readonly paymentId: number; readonly reason: string }
  | {
      readonly _tag: "Later"
      readonly paymentId: number
      readonly afterSeconds: number
      readonly reason: string
      readonly counts: boolean
    }

/** A gateway's own books may lag behind its webhook; after this many contradictions the webhook is not believed. */
const maxContradictions = 3

interface Match {
  readonly payment: Payment
  /** What the webhook itself proves: it came to the charge's own secret address, or was signed. */
  readonly own: Proof | undefined
}

/**
 * Decides what a webhook's event is worth. It is only a hint (anybody may post one): money moves when the gateway's
 * status answer says so, or, while its rule allows no question, when the event came to the charge's own secret
 * address and names the right charge and value (design, section 5.4).
 */
export const makeJudge = Effect.gen(function* () {
  const payments = yield* PaymentsRepo
  const settlement = yield* Settlement
  const ask = yield* makeAsk

  const match = Effect.fnUntraced(function* (gateway: string, event: ChargeState, stored: GatewayEvent) {
    const byId = event.id === undefined ? Option.none<Payment>() : yield* payments.findByChargeId(gateway, event.id)
    const byKey =
      stored.pathKey === null ? Option.none<Payment>() : yield* payments.findByWebhookKey(gateway, stored.pathKey)
    const signed: Proof | undefined = stored.proof === "signed" ? "signed" : undefined
    if (Option.isSome(byId)) {
      const keyed = Option.isSome(byKey) && byKey.value.id === byId.value.id
      return Option.some<Match>({ payment: byId.value, own: signed ?? (keyed ? "secret" : undefined) })
    }
    if (Option.isNone(byKey)) return Option.none<Match>()
    // The row knows no id yet: its creation timed out, or its answer is slower than this webhook.
    const adopted =
      event.id !== undefined && byKey.value.chargeId === null
        ? yield* payments.adoptChargeId(byKey.value.id, event.id)
        : Option.none<Payment>()
    return Option.some<Match>({ payment: Option.getOrElse(adopted, () => byKey.value), own: signed ?? "secret" })
  })

  // Whoever wrote it knows this charge: the seller is told, once.
  const alarm = Effect.fnUntraced(function* (payment: Payment, reason: string) {
    if (yield* payments.markProblem(payment.id, reason)) {
      yield* Log.error(`[ERRO] ${statusLine(payment)}: ${reason}; nada foi liberado`, fieldsOf(payment))
    }
    return { _tag: "Refused", paymentId: payment.id, reason } satisfies Judgement
  })

  /** Of no charge that this gateway made: perhaps of one that another gateway made. */
  const stray = Effect.fnUntraced(function* (gateway: string, event: ChargeState, stored: GatewayEvent) {
    if (event.status === "pending") return { _tag: "Unmatched" } satisfies Judgement
    const found = yield* payments.findAtOther(gateway, event.id, stored.pathKey)
    return Option.isNone(found)
      ? ({ _tag: "Unmatched" } satisfies Judgement)
      : yield* alarm(found.value, `o aviso veio pela ${gateway}, e a cobrança é da ${found.value.gateway}`)
  })

  const believe = Effect.fnUntraced(function* ({ payment }: Match, event: ChargeState, proof: Proof) {
    return judgementOf(payment, yield* settlement.apply(payment, event, proof), proof)
  })

  const contradicted = (payment: Payment, stored: GatewayEvent, afterSeconds: number, reason: string): Judgement =>
    stored.attempts >= maxContradictions
      ? { _tag: "Refused", paymentId: payment.id, reason }
      : { _tag: "Later", paymentId: payment.id, afterSeconds, reason, counts: true }

  const unanswered = Effect.fnUntraced(function* (
    found: Match,
    event: ChargeState,
    stored: GatewayEvent,
    error: GatewayError,
    waitSeconds: number
  ): Effect.fn.Return<Judgement, SqlError.SqlError> {
    const { payment } = found
    if (error.reason._tag === "ChargeNotFound") {
      return contradicted(payment, stored, waitSeconds, "o gateway não conhece esta cobrança")
    }
    const proof = sufficient(found, event, stored)
    if (proof !== undefined) return yield* believe(found, event, proof)
    yield* Log.recovered(`Não consegui confirmar um aviso de pagamento (${whose(payment)})`, error, fieldsOf(payment))
    const afterSeconds = error.reason._tag === "GatewayRateLimited" ? error.reason.retryAfterSeconds : waitSeconds
    return { _tag: "Later", paymentId: payment.id, afterSeconds, reason: "o gateway não respondeu", counts: false }
  })

  return Effect.fn("WebhookInbox.judge")(function* (
    gateway: PaymentGateway,
    event: ChargeState,
    stored: GatewayEvent
  ): Effect.fn.Return<Judgement, SqlError.SqlError> {
    const matched = yield* match(gateway.name, event, stored)
    if (Option.isNone(matched)) return yield* stray(gateway.name, event, stored)
    const found = matched.value
    const { payment } = found
    const paymentId = payment.id
    if (event.id !== undefined && payment.chargeId !== null && event.id !== payment.chargeId) {
      return { _tag: "Refused", paymentId, reason: "o aviso fala de outra cobrança" }
    }
    if (event.status === "pending" || !isNews(payment.status, event)) {
      return found.own === undefined ? { _tag: "Done", paymentId } : yield* believe(found, event, found.own)
    }
    if (wasPaid(interpretStatus(payment.status, event.status)) && wrongValue(payment, event)) {
      return found.own === undefined
        ? yield* alarm(payment, "o valor do aviso não é o da cobrança")
        : yield* believe(found, event, found.own)
    }
    const chargeId = payment.chargeId ?? event.id
    if (chargeId === undefined) return { _tag: "Refused", paymentId, reason: "o aviso não diz de que cobrança fala" }

    const waitSeconds = gateway.capabilities.secondsBetweenQueries + 1
    if (found.own === undefined && payment.webhookKey !== null && !(yield* payments.claimHint(paymentId))) {
      return contradicted(payment, stored, waitSeconds, "o aviso não prova de quem veio; a próxima consulta dirá")
    }
    const slot = yield* payments.claimQuery(paymentId, gateway.capabilities.secondsBetweenQueries)
    if (!slot.taken) {
      const proof = sufficient(found, event, stored)
      if (proof !== undefined) return yield* believe(found, event, proof)
      const reason = "à espera da próxima consulta permitida pelo gateway"
      return { _tag: "Later", paymentId, afterSeconds: slot.freeInSeconds, reason, counts: false }
    }
    const answer = yield* Effect.result(ask(gateway, payment, chargeId))
    if (answer._tag === "Failure") return yield* unanswered(found, event, stored, answer.failure, waitSeconds)
    const applied = yield* settlement.apply(payment, completed(answer.success, found, event), "query")
    const status = applied._tag === "Moved" ? applied.to : applied.status
    return applied._tag !== "Refused" && isNews(status, event)
      ? contradicted(payment, stored, waitSeconds, `o gateway diz que a cobrança está ${answer.success.rawStatus}`)
      : judgementOf(payment, applied, "query")
  })
})

const isNews = (status: PaymentStatus, event: ChargeState): boolean =>
  canMove(status, interpretStatus(status, event.status))

const wrongValue = (payment: Payment, event: ChargeState): boolean =>
  event.valueCents !== undefined && event.valueCents !== payment.valueCents

/**
 * The webhook's own proof, if it also names the charge and the whole value, and its gateway, asked about it, did not say
 * otherwise: from then on only the gateway itself can take that back.
 */
const sufficient = ({ payment, own }: Match, event: ChargeState, stored: GatewayEvent): Proof | undefined =>
  stored.attempts === 0 &&
  event.id !== undefined &&
  event.id === payment.chargeId &&
  event.valueCents === payment.valueCents
    ? own
    : undefined

/** Some gateways tell fee and payer by webhook only; one that proves itself may complete what the query said. */
const completed = (answer: ChargeState, { own }: Match, event: ChargeState): ChargeState =>
  own === undefined
    ? answer
    : {
        ...answer,
        ...(answer.netCents === undefined ? { feeCents: event.feeCents, netCents: event.netCents } : {}),
        endToEndId: answer.endToEndId ?? event.endToEndId,
        payerName: answer.payerName ?? event.payerName,
        payerDocument: answer.payerDocument ?? event.payerDocument
      }

const judgementOf = (payment: Payment, applied: Applied, proof: Proof): Judgement =>
  applied._tag === "Refused"
    ? { _tag: "Refused", paymentId: payment.id, reason: applied.reason }
    : { _tag: "Done", paymentId: payment.id, proof }
