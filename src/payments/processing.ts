import { Cause, Effect, Option, Schema } from "effect"
import type { SqlError } from "effect/sql"
import { FloodGuard } from "../log/FloodGuard.ts"
import * as Log from "../log/Log.ts"
import { telemetry } from "../log/telemetry.ts"
import { type GatewayEvent, GatewayEventsRepo } from "../repo/GatewayEventsRepo.ts"
import { holding } from "../repo/lease.ts"
import { PaymentsRepo } from "../repo/PaymentsRepo.ts"
import { Gateways } from "./Gateways.ts"
import { type Judgement, makeJudge } from "./judge.ts"
import { ChargeState, type PaymentGateway } from "./PaymentGateway.ts"

/** A webhook that breaks our own code is tried again this often, in case the code was only unlucky. */
const maxFailures = 5
const afterFailureSeconds = 30

/** Takes one stored webhook to its end, or to its next try. `owner` names this process in the rows it holds. */
export const makeProcessing = Effect.fnUntraced(function* (owner: string) {
  const gateways = yield* Gateways
  const events = yield* GatewayEventsRepo
  const payments = yield* PaymentsRepo
  const judge = yield* makeJudge
  const flood = yield* FloodGuard

  const unmatched = Effect.fnUntraced(function* (stored: GatewayEvent, states: ReadonlyArray<ChargeState>) {
    yield* events.finish(stored.id, owner, { state: "unmatched", error: "nenhuma cobrança daqui tem este código" })
    // "Waiting" is what an account's webhook says of a charge that we are just about to write.
    if (states.some(({ status }) => status !== "pending")) {
      yield* flood.line(`unmatched:${stored.gateway}`, (more) =>
        Log.info(`[PAYMENT][AVISO] Um aviso da ${stored.gateway} fala de uma cobrança que não é daqui${more}`, {
          gateway_charge_id: states[0]?.id
        })
      )
    }
    // Its charge may have been written between our look and our verdict.
    for (const { id } of states) {
      if (id === undefined || Option.isNone(yield* payments.findByChargeId(stored.gateway, id))) continue
      yield* events.rearm(stored.gateway, id)
    }
  })

  const conclude = Effect.fnUntraced(function* (
    stored: GatewayEvent,
    states: ReadonlyArray<ChargeState>,
    judgements: ReadonlyArray<Judgement>
  ) {
    const verdict = weightiest(judgements)
    telemetry.gatewayEvents.record({ gateway: stored.gateway, state: stateOf[verdict?._tag ?? "Done"] })
    switch (verdict?._tag) {
      case "Later":
        if (verdict.counts) {
          yield* flood.line(`later:${stored.gateway}`, (more) =>
            Log.warn(
              `[PAYMENT][AVISO] Um aviso da ${stored.gateway} não foi confirmado e será conferido de novo: ${verdict.reason}${more}`,
              { payment_id: verdict.paymentId }
            )
          )
        }
        return yield* events.retry(stored.id, owner, verdict.afterSeconds, verdict.reason, verdict.counts)
      case "Refused":
        yield* events.finish(stored.id, owner, {
          state: "refused",
          error: verdict.reason,
          paymentId: verdict.paymentId
        })
        return yield* flood.line(`refused:${stored.gateway}`, (more) =>
          Log.warn(`[PAYMENT][RECUSADO] Um aviso da ${stored.gateway} não foi aceito: ${verdict.reason}${more}`, {
            payment_id: verdict.paymentId
          })
        )
      case "Unmatched":
        return yield* unmatched(stored, states)
      case "Done":
      case undefined:
        return yield* events.finish(stored.id, owner, {
          state: "done",
          proof: verdict?.proof,
          paymentId: verdict?.paymentId
        })
    }
  })

  const handle = Effect.fn("WebhookInbox.process")(function* (gateway: PaymentGateway, stored: GatewayEvent) {
    const states = yield* Effect.orDie(decodeStates(stored.events))
    const judgements: Array<Judgement> = []
    for (const state of states) judgements.push(yield* judge(gateway, state, stored))
    yield* conclude(stored, states, judgements)
  })

  const broken = Effect.fnUntraced(function* (stored: GatewayEvent, cause: Cause.Cause<SqlError.SqlError>) {
    if (Cause.hasInterrupts(cause)) return yield* Effect.interrupt
    yield* Effect.logError(`[ERRO] O aviso de pagamento ${stored.id} não pôde ser processado`, cause)
    yield* stored.attempts >= maxFailures
      ? events.finish(stored.id, owner, { state: "refused", error: "falha interna" })
      : events.retry(stored.id, owner, afterFailureSeconds, "falha interna", Cause.hasDies(cause))
  })

  return Effect.fnUntraced(function* (id: number): Effect.fn.Return<void, SqlError.SqlError> {
    const sinceMs = performance.now()
    const claimed = yield* events.claim(id, owner)
    if (Option.isNone(claimed)) return
    const stored = claimed.value
    const gateway = gateways.get(stored.gateway)
    if (Option.isNone(gateway)) {
      return yield* events.finish(id, owner, { state: "unmatched", error: "este gateway não existe mais aqui" })
    }
    const handling = Effect.catchCause(handle(gateway.value, stored), (cause) => broken(stored, cause))
    yield* holding(
      events.renew(id, owner),
      sinceMs
    )(() => handling).pipe(Effect.annotateLogs(stored.requestId === null ? {} : { request_id: stored.requestId }))
  })
})

const decodeStates = Schema.decodeUnknownEffect(Schema.Array(ChargeState))

const stateOf: Record<Judgement["_tag"], string> = {
  Done: "done",
  Unmatched: "unmatched",
  Refused: "refused",
  Later: "later"
}

const weight: Record<Judgement["_tag"], number> = { Done: 0, Unmatched: 1, Refused: 2, Later: 3 }

/** A body with several events is as far as its slowest one; those that had their effect have it once only. */
const weightiest = (judgements: ReadonlyArray<Judgement>): Judgement | undefined =>
  judgements.toSorted((a, b) => weight[b._tag] - weight[a._tag])[0]
