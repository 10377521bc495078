import { Clock, Effect } from "effect"
import { afterFailure, type Breaker, closed, isOpen, probing } from "../domain/breaker.ts"
import * as Log from "../log/Log.ts"
import { telemetry } from "../log/telemetry.ts"
import type { GatewayError, PaymentGateway } from "./PaymentGateway.ts"

/**
 * How each gateway fares at making charges, as this process sees it. It only decides who is asked first: a gateway
 * without an alternative is asked however it fares.
 */
export const makeBreakers = () => {
  const breakers = new Map<string, Breaker>()
  const of = (name: string) => breakers.get(name) ?? closed

  /** The healthy ones first, in their order. */
  const inOrder = (gateways: ReadonlyArray<PaymentGateway>) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      if (gateways.length < 2) return gateways
      const [first] = gateways
      if (first !== undefined && !isOpen(of(first.name), now)) {
        breakers.set(first.name, probing(of(first.name), now))
        return gateways
      }
      return gateways.toSorted((a, b) => Number(isOpen(of(a.name), now)) - Number(isOpen(of(b.name), now)))
    })

  const succeeded = Effect.fnUntraced(function* ({ name }: PaymentGateway) {
    const before = of(name)
    if (before === closed) return
    breakers.set(name, closed)
    telemetry.gatewayOpen.record({ gateway: name }, 0)
    if (before.openUntilMs > 0) yield* Log.info(`[PAYMENT][GATEWAY] A ${name} voltou a gerar cobranças`)
  })

  const failed = Effect.fnUntraced(function* ({ name }: PaymentGateway, { reason }: GatewayError) {
    // What it says of one value or one person tells nothing of how it fares.
    if (reason._tag === "GatewayRefused") return
    const now = yield* Clock.currentTimeMillis
    const before = of(name)
    const waitMs = reason._tag === "GatewayRateLimited" ? reason.retryAfterSeconds * 1000 : 0
    const after = afterFailure(before, now, waitMs)
    breakers.set(name, after)
    if (!isOpen(after, now)) return
    telemetry.gatewayOpen.record({ gateway: name }, 1)
    if (before.openUntilMs === 0) {
      yield* Log.warn(
        `[AVISO] A ${name} está falhando: por ${Math.round((after.openUntilMs - now) / 1000)} s, quem tem um segundo gateway cobra por ele`,
        { gateway: name }
      )
    }
  })

  return { inOrder, succeeded, failed }
}
