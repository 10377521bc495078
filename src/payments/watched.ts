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

const counted = <A, R>(call: Effect.Effect<A, GatewayError, R>): Effect.Effect<A, GatewayError, R> =>
  Effect.tapError(call, ({ gateway, operation, reason }) =>
    Effect.sync(() => telemetry.gatewayFailures.record({ gateway, operation, reason: words[reason._tag] }))
  )

/** The same gateway; each of its failures is counted by its kind. */
export const watched = (gateway: PaymentGateway): PaymentGateway => {
  const { ensureWebhook } = gateway
  return {
    ...gateway,
    createCharge: (request) => counted(gateway.createCharge(request)),
    getCharge: (id) => counted(gateway.getCharge(id)),
    refund: (id) => counted(gateway.refund(id)),
    readWebhook: (request) => counted(gateway.readWebhook(request)),
    ...(ensureWebhook === undefined ? {} : { ensureWebhook: (url, known) => counted(ensureWebhook(url, known)) })
  }
}
