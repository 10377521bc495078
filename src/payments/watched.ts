import { Effect } from "effect"
import { telemetry } from "../log/telemetry.ts"
import type { GatewayError, PaymentGateway } from "./PaymentGateway.ts"

const words: Record<GatewayError["reason"]["_tag"], string> = {
  GatewayRefused: "refused",
  GatewayUnauthorized: "unauthorized",
  GatewayRateLimited: "rate_limited",
  GatewayUnavailable: "unavailable",
  GatewayUncertain: "uncertain",
  ChargeNotFound: "not_found",
  WebhookRefused: "webhook_refused"
}

export const countFailure = ({ gateway, operation, reason }: GatewayError) =>
  Effect.sync(() => telemetry.gatewayFailures.record({ gateway, operation, reason: words[reason._tag] }))

const counted = <A, R>(call: Effect.Effect<A, GatewayError, R>): Effect.Effect<A, GatewayError, R> =>
  Effect.tapError(call, countFailure)

/**
 * The same gateway; each of its failures is counted by its kind. Those of a creation are counted where it is given up on,
 * which is before the gateway's own time-out.
 */
export const watched = (gateway: PaymentGateway): PaymentGateway => {
  const { ensureWebhook } = gateway
  return {
    ...gateway,
    getCharge: (id) => counted(gateway.getCharge(id)),
    refund: (id) => counted(gateway.refund(id)),
    readWebhook: (request) => counted(gateway.readWebhook(request)),
    ...(ensureWebhook === undefined ? {} : { ensureWebhook: (url, known) => counted(ensureWebhook(url, known)) })
  }
}
