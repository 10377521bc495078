import { Schema } from "effect"
import { sentenceOf } from "../log/sentences.ts"
import type { GatewayError } from "./PaymentGateway.ts"

/** The gateway charges nothing this small. */
export class CheckoutBelowMinimum extends Schema.TaggedError<CheckoutBelowMinimum>()("CheckoutBelowMinimum", {
  gateway: Schema.String,
  minCents: Schema.Int
}) {
  readonly retryable = false
  override get message() {
    return `o gateway ${this.gateway} só aceita cobranças a partir de R$ ${(this.minCents / 100).toFixed(2).replace(".", ",")}`
  }
}

/** The bot's gateway does not exist here, or its credential is missing from the environment. */
export class CheckoutNotConfigured extends Schema.TaggedError<CheckoutNotConfigured>()("CheckoutNotConfigured", {
  gateway: Schema.String
}) {
  readonly retryable = false
  override get message() {
    return `o gateway ${this.gateway} não está configurado; preencha a credencial dele e reinicie o serviço`
  }
}

/** The gateway said no, to the value or to our credential: only the seller can change that. */
export class CheckoutRefused extends Schema.TaggedError<CheckoutRefused>()("CheckoutRefused", {
  detail: Schema.String
}) {
  readonly retryable = false
  override get message() {
    return this.detail
  }
}

/** The gateway is away or asked us to wait; certainly no charge was made. */
export class CheckoutUnavailable extends Schema.TaggedError<CheckoutUnavailable>()("CheckoutUnavailable", {
  detail: Schema.String
}) {
  readonly retryable = true
  override get message() {
    return this.detail
  }
}

/** Nobody knows whether the charge was made. It was shown to nobody, so a new tap may make a new one. */
export class CheckoutUncertain extends Schema.TaggedError<CheckoutUncertain>()("CheckoutUncertain", {
  detail: Schema.String
}) {
  readonly retryable = true
  override get message() {
    return this.detail
  }
}

/** Another tap of the same person is still creating the same charge. */
export class CheckoutBusy extends Schema.TaggedError<CheckoutBusy>()("CheckoutBusy", {}) {
  readonly retryable = true
  override get message() {
    return "a mesma cobrança ainda está sendo criada por outro toque"
  }
}

/** One person had more codes made within an hour than the bot allows. */
export class CheckoutLimited extends Schema.TaggedError<CheckoutLimited>()("CheckoutLimited", {
  perHour: Schema.Int
}) {
  readonly retryable = false
  override get message() {
    return `esta pessoa já gerou ${this.perHour} códigos PIX sem pagar na última hora`
  }
}

export const CheckoutReason = Schema.Union([
  CheckoutLimited,
  CheckoutBelowMinimum,
  CheckoutNotConfigured,
  CheckoutRefused,
  CheckoutUnavailable,
  CheckoutUncertain,
  CheckoutBusy
])
export type CheckoutReason = typeof CheckoutReason.Type

/** Why a buyer got no PIX. `message` is for the seller; the buyer reads a kinder sentence. */
export class CheckoutError extends Schema.TaggedError<CheckoutError>()("CheckoutError", { reason: CheckoutReason }) {
  get retryable(): boolean {
    return this.reason.retryable
  }
  override get message() {
    return this.reason.message
  }
}

export const reasonFrom = (error: GatewayError): CheckoutReason => {
  const detail = sentenceOf(error)
  switch (error.reason._tag) {
    case "GatewayRefused":
    case "GatewayUnauthorized":
    case "ChargeNotFound":
    case "WebhookRefused":
      return new CheckoutRefused({ detail })
    case "GatewayRateLimited":
    case "GatewayUnavailable":
      return new CheckoutUnavailable({ detail })
    case "GatewayUncertain":
      return new CheckoutUncertain({ detail })
  }
}

/** A reason as it is kept in the payment's row, so that a second tap that waited for it can be told the same. */
export const toRow = (reason: CheckoutReason): string => `${reason._tag}: ${reason.message}`

export const fromRow = (text: string | null): CheckoutReason => {
  const [, tag, detail = ""] = /^(\w+): (.*)$/s.exec(text ?? "") ?? []
  if (tag === "CheckoutRefused") return new CheckoutRefused({ detail })
  if (tag === "CheckoutUnavailable") return new CheckoutUnavailable({ detail })
  return new CheckoutUncertain({ detail: detail === "" ? "a criação da cobrança foi interrompida" : detail })
}
