import { Clock, Effect, FiberSet } from "effect"
import type { SqlError } from "effect/sql"
import * as Log from "../log/Log.ts"
import { sentenceOf } from "../log/sentences.ts"
import { type Payment, PaymentsRepo } from "../repo/PaymentsRepo.ts"
import { makeAsk } from "./ask.ts"
import { fieldsOf, whose } from "./lines.ts"
import { Gateways } from "./Gateways.ts"
import type { GatewayError, PaymentGateway } from "./PaymentGateway.ts"
import { Settlement } from "./Settlement.ts"

/** Questions under way at one gateway: a slow one fills its own places and no others. */
const places = 16
/** A gateway that does not accept our credential will not do so a second later. */
const pauseAfterRefusalSeconds = 60

interface Line {
  readonly gateway: PaymentGateway
  running: number
  failing: boolean
  pausedUntil: number
}

/** How a round went: `full` when a gateway had no place for more, so that others may be waiting for one. */
export type Round = "none" | "some" | "full"

type Asked = Payment & { readonly chargeId: string; readonly overdue?: boolean }

/** Puts questions to the gateways and applies their answers. */
export const makeAsking = Effect.gen(function* () {
  const payments = yield* PaymentsRepo
  const gateways = yield* Gateways
  const settlement = yield* Settlement
  const ask = yield* makeAsk
  const fibers = yield* FiberSet.make()
  const fork = yield* FiberSet.runtime(fibers)<never>()
  const lines = new Map<string, Line>(
    gateways.all.map((gateway) => [gateway.name, { gateway, running: 0, failing: false, pausedUntil: 0 }])
  )

  const notFound = Effect.fnUntraced(function* (payment: Payment, error: GatewayError) {
    if (!(yield* payments.markProblem(payment.id, sentenceOf(error)))) return
    yield* Log.recovered(`A consulta não deu em nada: ${whose(payment)}`, error, fieldsOf(payment))
  })

  // One line when a gateway stops answering and one when it is back, not one per charge.
  const failed = Effect.fnUntraced(function* (line: Line, payment: Payment, error: GatewayError) {
    const { reason } = error
    if (reason._tag === "ChargeNotFound") return yield* notFound(payment, error)
    const now = yield* Clock.currentTimeMillis
    if (reason._tag === "GatewayRateLimited") line.pausedUntil = now + reason.retryAfterSeconds * 1000
    if (reason._tag === "GatewayUnauthorized") line.pausedUntil = now + pauseAfterRefusalSeconds * 1000
    if (line.failing) return
    line.failing = true
    yield* Log.failure("A consulta de pagamentos falhou; continuo tentando", error, { gateway: line.gateway.name })
  })

  const answered = Effect.fnUntraced(function* (line: Line) {
    if (!line.failing) return
    line.failing = false
    yield* Log.info(`[PAYMENT][CONSULTA] O gateway ${line.gateway.name} voltou a responder`)
  })

  const askOne = Effect.fn("Reconciliation.ask")(function* (gateway: PaymentGateway, payment: Asked) {
    yield* Effect.annotateCurrentSpan({ gateway: gateway.name, payment_id: payment.id })
    const line = lines.get(gateway.name)
    const answer = yield* Effect.result(ask(gateway, payment, payment.chargeId))
    if (answer._tag === "Success") {
      if (line !== undefined) yield* answered(line)
      yield* settlement.apply(payment, answer.success, "query")
    } else if (line !== undefined) {
      yield* failed(line, payment, answer.failure)
    }
    const silent = answer._tag === "Failure" && answer.failure.reason._tag !== "ChargeNotFound"
    // An unpaid answer leaves it as it is, a paid one has moved it on: expiring can only be right.
    if (payment.overdue === true && !silent) yield* settlement.expire(payment)
  }, Log.logged("A consulta de um pagamento"))

  const askLine = Effect.fnUntraced(function* (
    line: Line,
    which: "open" | "expired"
  ): Effect.fn.Return<Round, SqlError.SqlError> {
    const { gateway } = line
    const now = yield* Clock.currentTimeMillis
    const room = places - line.running
    if (!gateway.configured || now < line.pausedUntil) return "none"
    if (room <= 0) return "full"
    const due = yield* payments.claimDue(gateway.name, gateway.capabilities.secondsBetweenQueries, which, room)
    for (const payment of due) {
      const { chargeId } = payment
      if (chargeId === null) continue
      line.running += 1
      fork(
        Effect.ensuring(
          askOne(gateway, { ...payment, chargeId }),
          Effect.sync(() => {
            line.running -= 1
          })
        )
      )
    }
    if (due.length === room) return "full"
    return due.length > 0 ? "some" : "none"
  })

  const askDue = (which: "open" | "expired") =>
    Effect.map(
      Effect.forEach([...lines.values()], (line) => askLine(line, which)),
      (rounds) => worst.find((round) => rounds.includes(round)) ?? "none"
    )

  return { askOne, askDue }
})

const worst: ReadonlyArray<Round> = ["full", "some"]
