import { Context, Effect, Exit, Fiber, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import { randomBytes, randomUUID } from "node:crypto"
import type { Bot, Plan } from "../domain/bot.ts"
import * as Log from "../log/Log.ts"
import { stopwatch, telemetry } from "../log/telemetry.ts"
import { type Payment, PaymentsRepo } from "../repo/PaymentsRepo.ts"
import {
  CheckoutBelowMinimum,
  CheckoutBusy,
  CheckoutError,
  CheckoutLimited,
  CheckoutNotConfigured,
  type CheckoutReason,
  fromRow
} from "./CheckoutError.ts"
import { makeBreakers } from "./breakers.ts"
import { makeCreation } from "./creation.ts"
import { Gateways } from "./Gateways.ts"
import { fieldsOf, statusLine } from "./lines.ts"

export { CheckoutError } from "./CheckoutError.ts"

export interface CheckoutRequest {
  readonly bot: Bot
  readonly plan: Plan
  readonly priceCents: number
  readonly person: { readonly telegramId: number; readonly name: string }
  /** Where the tapped button stood: a downsell or a shot. */
  readonly source?: string
  readonly requestId: string
  /** Told the code of a new charge while that is being written, so that its message can be prepared meanwhile. */
  readonly onCode?: (pixCode: string) => void
}

/** A PIX the buyer can pay now. */
export interface OpenCharge {
  readonly paymentId: number
  readonly pixCode: string
  readonly valueCents: number
  readonly planName: string
  readonly expiresAt: Date
  readonly reused: boolean
  /** Must stand before the code; not for the seller to leave out. */
  readonly legalNotice: Option.Option<string>
}

/** How often and how long a second tap looks for the result of the first. */
const lookEvery = "60 millis"
const longestWait = "9 seconds"

/** From a plan to a PIX code. */
export class Checkout extends Context.Service<
  Checkout,
  {
    /**
     * The one open charge of a person, plan and price: reused, or made now. It is made in its own fiber: whoever
     * waits may be interrupted, the charge is not. The gateway gets 8 s; what is not known by then is not repeated.
     */
    readonly open: (request: CheckoutRequest) => Effect.Effect<OpenCharge, CheckoutError | SqlError.SqlError>
  }
>()("funil/payments/Checkout") {
  static readonly layer = Layer.effect(
    Checkout,
    Effect.gen(function* () {
      const payments = yield* PaymentsRepo
      const gateways = yield* Gateways
      const scope = yield* Effect.scope
      const breakers = makeBreakers()
      const create = yield* makeCreation(breakers)

      const openCharge = (payment: Payment, plan: Plan, reused: boolean): OpenCharge => ({
        paymentId: payment.id,
        pixCode: payment.pixCode ?? "",
        valueCents: payment.valueCents ?? 0,
        planName: payment.planName ?? plan.name,
        expiresAt: payment.expiresAt ?? payment.createdAt,
        reused,
        legalNotice: Option.flatMap(gateways.get(payment.gateway), (gateway) => gateway.capabilities.legalNotice)
      })

      const resultOfOther = Effect.fnUntraced(
        function* (paymentId: number) {
          while (true) {
            const found = yield* payments.findById(paymentId)
            if (Option.isNone(found)) return yield* fail(new CheckoutBusy())
            const { status, error, pixCode } = found.value
            if (status === "failed" || status === "unknown") return yield* fail(fromRow(error))
            if (pixCode !== null) return found.value
            yield* Effect.sleep(lookEvery)
          }
        },
        Effect.timeoutOrElse({ duration: longestWait, orElse: () => fail(new CheckoutBusy()) })
      )

      /** The gateways of a bot that can charge this value, the one to ask first at their head. */
      const candidates = Effect.fnUntraced(function* (bot: Bot, priceCents: number) {
        const known = [bot.gateway, ...Option.toArray(bot.secondGateway)].flatMap((name) => {
          const gateway = Option.getOrUndefined(gateways.get(name))
          return gateway?.configured === true ? [gateway] : []
        })
        const able = known.filter((gateway) => priceCents >= gateway.capabilities.minCents)
        const [first, ...rest] = yield* breakers.inOrder(able)
        if (first !== undefined) return [first, ...rest] as const
        const [small] = known
        return yield* fail(
          small === undefined
            ? new CheckoutNotConfigured({ gateway: bot.gateway })
            : new CheckoutBelowMinimum({ gateway: small.name, minCents: small.capabilities.minCents })
        )
      })

      const open = Effect.fn("Checkout.open")(function* (request: CheckoutRequest) {
        const { bot, plan, person, priceCents } = request
        const able = yield* candidates(bot, priceCents)

        const opening = yield* payments.openOrCreate({
          transactionId: randomUUID(),
          webhookKey: randomBytes(24).toString("base64url"),
          gateway: able[0].name,
          valueCents: priceCents,
          botId: bot.id,
          botSlug: bot.slug,
          telegramId: person.telegramId,
          personName: person.name,
          planId: plan.id,
          planName: plan.name,
          source: request.source,
          requestId: request.requestId,
          maxPerHour: bot.maxPixPerHour
        })
        if (opening._tag === "Limited") return yield* fail(new CheckoutLimited({ perHour: bot.maxPixPerHour }))
        if (opening._tag === "Created") {
          const creating = yield* Effect.forkIn(create(able, bot, opening.payment, request.onCode), scope)
          return openCharge(yield* Fiber.join(creating), plan, false)
        }
        const payment = opening._tag === "Open" ? opening.payment : yield* resultOfOther(opening.payment.id)
        yield* Log.info(statusLine(payment, payment.status, "PIX_REUSED"), {
          ...fieldsOf(payment),
          request_id: request.requestId
        })
        return openCharge(payment, plan, true)
      })

      const measured = (request: CheckoutRequest) =>
        Effect.suspend(() => {
          const seconds = stopwatch()
          return Effect.onExit(open(request), (exit) =>
            Effect.sync(() =>
              telemetry.checkouts.record({ gateway: request.bot.gateway, result: resultOf(exit) }, seconds())
            )
          )
        })

      return Checkout.of({ open: measured })
    })
  )
}

const results: Record<CheckoutReason["_tag"], string> = {
  CheckoutBelowMinimum: "below_minimum",
  CheckoutNotConfigured: "not_configured",
  CheckoutRefused: "refused",
  CheckoutUnavailable: "unavailable",
  CheckoutUncertain: "uncertain",
  CheckoutLimited: "limited",
  CheckoutBusy: "busy"
}

const resultOf = (exit: Exit.Exit<OpenCharge, CheckoutError | SqlError.SqlError>): string => {
  if (Exit.isSuccess(exit)) return exit.value.reused ? "reused" : "created"
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  return error?._tag === "CheckoutError" ? results[error.reason._tag] : "failed"
}

const fail = (reason: CheckoutReason) => Effect.fail(new CheckoutError({ reason }))
