import { type Effect, type Option, type Redacted, Schema } from "effect"
import { GatewayStatus } from "../domain/payment.ts"

/** The gateway refused what we sent; asking again the same way changes nothing. `message` is for the seller. */
export class GatewayRefused extends Schema.TaggedError<GatewayRefused>()("GatewayRefused", {
  status: Schema.Int,
  message: Schema.String
}) {
  readonly retryable = false
}

/** Our credential is missing, wrong, revoked, or this machine's address is not allowed. */
export class GatewayUnauthorized extends Schema.TaggedError<GatewayUnauthorized>()("GatewayUnauthorized", {
  status: Schema.Int
}) {
  readonly retryable = false
}

export class GatewayRateLimited extends Schema.TaggedError<GatewayRateLimited>()("GatewayRateLimited", {
  retryAfterSeconds: Schema.Finite
}) {
  readonly retryable = true
}

/** The request certainly had no effect: refused connection, 503 before work, breaker open. */
export class GatewayUnavailable extends Schema.TaggedError<GatewayUnavailable>()("GatewayUnavailable", {
  detail: Schema.String
}) {
  readonly retryable = true
}

/** Timeout, reset, 5xx or an unreadable answer after the request left: the charge may exist. */
export class GatewayUncertain extends Schema.TaggedError<GatewayUncertain>()("GatewayUncertain", {
  detail: Schema.String
}) {
  readonly retryable = false
}

export class ChargeNotFound extends Schema.TaggedError<ChargeNotFound>()("ChargeNotFound", {}) {
  readonly retryable = false
}

/** The webhook's header or signature is there and wrong. */
export class WebhookRefused extends Schema.TaggedError<WebhookRefused>()("WebhookRefused", {
  detail: Schema.String
}) {
  readonly retryable = false
}

/** What went wrong at a gateway. Holds no payload and no secret. */
export class GatewayError extends Schema.TaggedError<GatewayError>()("GatewayError", {
  gateway: Schema.String,
  operation: Schema.Literals(["create", "query", "refund", "webhook", "register", "check"]),
  reason: Schema.Union([
    GatewayRefused,
    GatewayUnauthorized,
    GatewayRateLimited,
    GatewayUnavailable,
    GatewayUncertain,
    ChargeNotFound,
    WebhookRefused
  ])
}) {
  get retryable(): boolean {
    return this.reason.retryable
  }
}

export interface ChargeRequest {
  readonly valueCents: number
  readonly description: string
  /** Absent without `PUBLIC_URL`: then only the status query tells. */
  readonly webhookUrl: Option.Option<string>
}

export interface Charge {
  /** The gateway's id, lower case. */
  readonly id: string
  /** Copy-and-paste code (EMV). */
  readonly pixCode: string
  readonly rawStatus: string
}

export const ChargeState = Schema.Struct({
  /** Lower case. Absent where the gateway's answer names another object than the charge. */
  id: Schema.optional(Schema.String),
  status: GatewayStatus,
  rawStatus: Schema.String,
  valueCents: Schema.optional(Schema.Int),
  feeCents: Schema.optional(Schema.Int),
  netCents: Schema.optional(Schema.Int),
  endToEndId: Schema.optional(Schema.String),
  payerName: Schema.optional(Schema.String),
  payerDocument: Schema.optional(Schema.String)
})
/** What the gateway says of a charge, by query or by webhook, in our units and words. */
export type ChargeState = typeof ChargeState.Type

/** A webhook as it came in. Signatures cover raw bytes, so these are kept. */
export interface WebhookRequest {
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly query: string
  readonly body: Uint8Array
}

export interface WebhookReading {
  /** `signed`: the webhook itself proves what it says. `none`: only a status query can. */
  readonly proof: "signed" | "none"
  readonly events: ReadonlyArray<ChargeState>
}

/** A webhook that was registered for the whole account; `token` proves what comes through it. */
export interface AccountWebhook {
  readonly id: string
  readonly token: Redacted.Redacted<string>
}

export interface GatewayCapabilities {
  readonly minCents: number
  readonly refund: boolean
  /** The gateway's own rule for status queries of one charge. */
  readonly secondsBetweenQueries: number
  /** Seconds after creation at which reconciliation first asks, when no webhook came. */
  readonly firstQuerySeconds: number
  /** Must be shown before the payment is concluded (PushinPay's terms, 4.10). */
  readonly legalNotice: Option.Option<string>
}

/**
 * The one interface to every gateway: a stateless mapper between its wire format and our words and units (facts/
 * gateways, sections 3 and 5). Tokens that must be exchanged, signatures and other units are the adapter's own affair;
 * storing, deduplicating and deciding is not.
 */
export interface PaymentGateway {
  readonly name: string
  readonly capabilities: GatewayCapabilities
  /** False while its credentials are missing from the environment. */
  readonly configured: boolean
  readonly createCharge: (request: ChargeRequest) => Effect.Effect<Charge, GatewayError>
  readonly getCharge: (id: string) => Effect.Effect<ChargeState, GatewayError>
  readonly refund: (id: string) => Effect.Effect<void, GatewayError>
  /** Reads a webhook; fails with `WebhookRefused` when its proof is wrong, never because of an odd body (no events). */
  readonly readWebhook: (request: WebhookRequest) => Effect.Effect<WebhookReading, GatewayError>
  /**
   * For gateways that must be told of an address for the whole account, besides the one of each charge. `known` is what
   * an earlier call answered; none: there is nothing new to keep. May be called any number of times.
   */
  readonly ensureWebhook?: (
    url: string,
    known: Option.Option<AccountWebhook>
  ) => Effect.Effect<Option.Option<AccountWebhook>, GatewayError>
}
