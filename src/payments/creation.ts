import { Cause, Clock, Effect, Exit, Fiber, Option, Schedule, Semaphore } from "effect"
import type { SqlError } from "effect/sql"
import { Config } from "../config.ts"
import type { Bot } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { telemetry } from "../log/telemetry.ts"
import { GatewayEventsRepo } from "../repo/GatewayEventsRepo.ts"
import { type Created, type Payment, PaymentsRepo } from "../repo/PaymentsRepo.ts"
import { CheckoutError, CheckoutUncertain, reasonFrom, toRow } from "./CheckoutError.ts"
import type { makeBreakers } from "./breakers.ts"
import { fieldsOf, statusLine, whose } from "./lines.ts"
import { type Charge, GatewayError, GatewayUncertain, type PaymentGateway } from "./PaymentGateway.ts"
import { Reports } from "../tracking/Reports.ts"
import { retryConflicts } from "./retryConflicts.ts"
import { countFailure } from "./watched.ts"
import { WebhookInbox } from "./WebhookInbox.ts"

/** For all gateways together; shorter than their own limits. A creation that takes longer counts as dead (open.ts). */
const patienceMs = 8_000
/** Answers that come later than that are waited for, so many at once: each holds a connection. */
const lateAnswers = 64

/** The charge exists: its row must learn of it, also when the database stumbles. */
const untilStored = { schedule: Schedule.spaced("300 millis"), times: 30 }

/** Makes the charge of a fresh `creating` row: gateway first, then all that follows in one transaction. */
export const makeCreation = Effect.fnUntraced(function* (breakers: ReturnType<typeof makeBreakers>) {
  const config = yield* Config
  const payments = yield* PaymentsRepo
  const events = yield* GatewayEventsRepo
  const inbox = yield* WebhookInbox
  const reports = yield* Reports
  const scope = yield* Effect.scope
  const late = Semaphore.makeUnsafe(lateAnswers)

  const webhookUrl = (payment: Payment) =>
    Option.map(
      Option.all({ base: config.publicUrl, key: Option.fromNullOr(payment.webhookKey) }),
      ({ base, key }) => `${base}/api/payments/webhook/${payment.gateway}/${key}`
    )

  const charge = (gateway: PaymentGateway, payment: Payment) =>
    gateway.createCharge({
      valueCents: payment.valueCents ?? 0,
      description: payment.planName ?? "",
      webhookUrl: webhookUrl(payment)
    })

  const write = (payment: Payment, created: Created) => {
    const { botId, id: paymentId, telegramId } = payment
    const rows = reports.rowsOf({ step: "pix_created", botId, telegramId, paymentId })
    return Effect.tap(retryConflicts(payments.markPending(created, rows)), reports.wake(rows))
  }

  // The row lost its place to a newer charge while we were away: the buyer never saw this one, but it can be asked for.
  const superseded = Effect.fnUntraced(function* (created: Created) {
    const reason = new CheckoutUncertain({ detail: "a resposta do gateway chegou tarde demais" })
    yield* payments.markSuperseded(created, toRow(reason))
    return yield* new CheckoutError({ reason })
  })

  const store = Effect.fnUntraced(function* (gateway: PaymentGateway, payment: Payment, created: Created) {
    const stored = yield* write(payment, created).pipe(
      Effect.retry({ ...untilStored, while: (error) => error.reason._tag !== "UniqueViolation" }),
      Effect.catchReason("SqlError", "UniqueViolation", () => superseded(created)),
      Effect.tapErrorTag("SqlError", (error) =>
        Log.failure(
          `A cobrança ${created.chargeId} existe no gateway, mas não pôde ser gravada: ${whose(payment)}`,
          error
        )
      )
    )
    if (Option.isSome(stored)) telemetry.funnelEvents.record({ event: "pix_created" })
    // A webhook that was faster than this answer could not know whom it meant. The buyer does not wait for this; should
    // it be lost, the inbox looks again by itself.
    yield* Effect.forkIn(
      Effect.flatMap(events.rearm(gateway.name, created.chargeId), (any) => (any ? inbox.wake : Effect.void)).pipe(
        Log.logged("A busca por avisos que chegaram antes da cobrança")
      ),
      scope
    )
    return Option.getOrElse(stored, () => payment)
  })

  // Without its answer a charge is only found by its webhook: no gateway lists charges, or finds them by a number of ours.
  const hearLate = Effect.fnUntraced(function* (
    gateway: PaymentGateway,
    bot: Bot,
    payment: Payment,
    asking: Fiber.Fiber<Charge, GatewayError>
  ) {
    const latencyMs = Log.timer()
    const answer = yield* late.withPermitsIfAvailable(1)(Fiber.await(asking))
    if (Option.isNone(answer)) return yield* Fiber.interrupt(asking)
    if (Exit.isFailure(answer.value)) return
    const storing = store(gateway, payment, createdFrom(gateway, bot, payment, answer.value.value))
    const stored = yield* Effect.result(storing)
    // A newer charge took its place, or the database is away; that was said already.
    if (stored._tag === "Failure") return
    const fields = { ...fieldsOf(stored.success), latency_ms: patienceMs + latencyMs() }
    yield* Log.info(statusLine(stored.success, "pending"), fields)
  }, Log.logged("A resposta atrasada de um gateway"))

  /** The charge of one gateway, or that it is not known in time. What it answers later is kept all the same. */
  const chargeInTime = Effect.fnUntraced(function* (
    gateway: PaymentGateway,
    bot: Bot,
    payment: Payment,
    leftMs: number
  ) {
    const asking = yield* Effect.forkIn(charge(gateway, { ...payment, gateway: gateway.name }), scope)
    const tooLate = Effect.andThen(
      Effect.forkIn(hearLate(gateway, bot, payment, asking), scope),
      Effect.fail(noAnswer(gateway))
    )
    return yield* Effect.timeoutOrElse(Fiber.join(asking), { duration: leftMs, orElse: () => tooLate })
  })

  const giveUp = (payment: Payment, status: "failed" | "unknown", error: CheckoutError) =>
    Effect.andThen(payments.markNotCreated(payment.id, status, toRow(error.reason)), Effect.fail(error))

  const interrupted = (payment: Payment) => (exit: Exit.Exit<unknown, unknown>) =>
    Exit.isFailure(exit) && (Cause.hasInterrupts(exit.cause) || Cause.hasDies(exit.cause))
      ? Effect.ignore(
          payments.markNotCreated(
            payment.id,
            "unknown",
            toRow(new CheckoutUncertain({ detail: "a criação da cobrança foi interrompida" }))
          )
        )
      : Effect.void

  // The next one is asked only where certainly no charge was made: nobody makes one twice because of a lost answer.
  const firstToCharge = Effect.fnUntraced(function* (candidates: Candidates, bot: Bot, payment: Payment) {
    const deadline = (yield* Clock.currentTimeMillis) + patienceMs
    let [gateway] = candidates
    for (const next of [...candidates.slice(1), undefined]) {
      const left = deadline - (yield* Clock.currentTimeMillis)
      const answer = yield* Effect.result(chargeInTime(gateway, bot, payment, Math.max(left, 0)))
      if (answer._tag === "Failure") yield* countFailure(answer.failure)
      yield* answer._tag === "Success" ? breakers.succeeded(gateway) : breakers.failed(gateway, answer.failure)
      const certain = answer._tag === "Failure" && answer.failure.reason._tag !== "GatewayUncertain"
      if (!certain || next === undefined) return { answer, gateway }
      if (Option.isNone(yield* payments.reassign(payment.id, next.name))) return { answer, gateway }
      yield* Log.recovered(
        `A cobrança vai pelo segundo gateway, ${next.name}: ${whose(payment)}`,
        answer.failure,
        fieldsOf(payment)
      )
      gateway = next
    }
    return yield* Effect.die(new Error("a charge needs a gateway"))
  })

  return Effect.fn("Checkout.create")(
    function* (
      candidates: Candidates,
      bot: Bot,
      payment: Payment,
      onCode: ((pixCode: string) => void) | undefined
    ): Effect.fn.Return<Payment, CheckoutError | SqlError.SqlError> {
      const latencyMs = Log.timer()
      const { answer, gateway } = yield* firstToCharge(candidates, bot, payment)
      yield* Effect.annotateCurrentSpan({ gateway: gateway.name, payment_id: payment.id, slug: bot.slug })
      const latency = latencyMs()
      if (answer._tag === "Failure") {
        const status = answer.failure.reason._tag === "GatewayUncertain" ? "unknown" : "failed"
        return yield* giveUp(payment, status, new CheckoutError({ reason: reasonFrom(answer.failure) }))
      }
      // It begins when this fiber waits for the database.
      if (onCode !== undefined) yield* Effect.forkChild(Effect.sync(() => onCode(answer.success.pixCode)))
      const stored = yield* store(gateway, payment, createdFrom(gateway, bot, payment, answer.success))
      yield* Log.info(statusLine(stored, "pending"), { ...fieldsOf(stored), latency_ms: latency })
      return stored
    },
    (effect, _candidates, _bot, payment, _onCode) => Effect.onExit(effect, interrupted(payment))
  )
})

/** Never empty; each one after the first is asked when those before it certainly made no charge. */
type Candidates = readonly [PaymentGateway, ...ReadonlyArray<PaymentGateway>]

const createdFrom = (gateway: PaymentGateway, bot: Bot, payment: Payment, charge: Charge): Created => ({
  paymentId: payment.id,
  chargeId: charge.id,
  pixCode: charge.pixCode,
  rawStatus: charge.rawStatus,
  expiresMinutes: bot.pixExpiresMinutes,
  firstQuerySeconds: gateway.capabilities.firstQuerySeconds
})

const noAnswer = (gateway: PaymentGateway) =>
  new GatewayError({
    gateway: gateway.name,
    operation: "create",
    reason: new GatewayUncertain({ detail: "sem resposta" })
  })
