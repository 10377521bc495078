import { Effect, Option, Redacted } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import type { ConfigShape } from "../../config/parse.ts"
import {
  type ChargeRequest,
  GatewayError,
  GatewayUnauthorized,
  type PaymentGateway,
  WebhookRefused,
  type WebhookRequest
} from "../PaymentGateway.ts"
import { sameSecret } from "./fields.ts"
import { makeUnknownStatus } from "./unknownStatus.ts"
import { createTimeout, lost, makeCall, type Operation, refusal } from "./http.ts"
import { pushinPayNotice } from "./pushinpay/notice.ts"
import { isKnownStatus } from "./pushinpay/status.ts"
import { readCharge, readEvents, readState } from "./pushinpay/wire.ts"

const name = "pushinpay"
const refundTimeout = "10 seconds"
const queryTimeout = "8 seconds"
const headerToken = "x-pushinpay-token"

/** PushinPay: centavos, a static bearer, no customer data, webhooks without a signature (facts/gateways, section 1). */
export const makePushinPay = (settings: ConfigShape["pushinpay"], client: HttpClient.HttpClient): PaymentGateway => {
  const call = makeCall(client, name)
  const reportUnknown = makeUnknownStatus(name, "PushinPay", isKnownStatus)
  const fail = (operation: Operation, reason: GatewayError["reason"]) =>
    Effect.fail(new GatewayError({ gateway: name, operation, reason }))

  const authorised = (operation: Operation, request: HttpClientRequest.HttpClientRequest) =>
    Option.match(settings.token, {
      onNone: () => fail(operation, new GatewayUnauthorized({ status: 0 })),
      onSome: (token) =>
        Effect.succeed(
          request.pipe(
            HttpClientRequest.prependUrl(settings.url),
            HttpClientRequest.acceptJson,
            HttpClientRequest.bearerToken(Redacted.value(token))
          )
        )
    })

  const createCharge = Effect.fn("PushinPay.createCharge")(function* (request: ChargeRequest) {
    const post = HttpClientRequest.post("/pix/cashIn").pipe(
      HttpClientRequest.bodyJsonUnsafe({
        value: request.valueCents,
        ...Option.match(request.webhookUrl, { onNone: () => ({}), onSome: (url) => ({ webhook_url: url }) })
      })
    )
    const answer = yield* call("create", yield* authorised("create", post), createTimeout)
    if (answer.status < 200 || answer.status > 299) return yield* fail("create", refusal("create", answer))
    const charge = readCharge(answer.body)
    return charge ?? (yield* fail("create", lost("create", "resposta ilegível")))
  })

  const getCharge = Effect.fn("PushinPay.getCharge")(function* (id: string) {
    const get = HttpClientRequest.get(`/transactions/${encodeURIComponent(id)}`)
    const answer = yield* call("query", yield* authorised("query", get), queryTimeout)
    if (answer.status < 200 || answer.status > 299) return yield* fail("query", refusal("query", answer))
    const state = readState(answer.body)
    if (state === undefined) return yield* fail("query", lost("query", "resposta ilegível"))
    yield* reportUnknown(state)
    return state
  })

  const refund = Effect.fn("PushinPay.refund")(function* (id: string) {
    const post = HttpClientRequest.post(`/transactions/${encodeURIComponent(id)}/refund`).pipe(
      HttpClientRequest.bodyJsonUnsafe({})
    )
    const answer = yield* call("refund", yield* authorised("refund", post), refundTimeout)
    if (answer.status < 200 || answer.status > 299) return yield* fail("refund", refusal("refund", answer))
  })

  // The header is absent until the seller sets it in PushinPay's panel; refusing its absence would lose every webhook.
  const readWebhook = Effect.fn("PushinPay.readWebhook")(function* (request: WebhookRequest) {
    const given = request.headers[headerToken]
    const proven = Option.isSome(settings.webhookToken) && given !== undefined
    if (proven && !sameSecret(given, Redacted.value(settings.webhookToken.value))) {
      return yield* fail("webhook", new WebhookRefused({ detail: `o cabeçalho ${headerToken} não confere` }))
    }
    const events = readEvents(request.body)
    yield* Effect.forEach(events, reportUnknown, { discard: true })
    return { proof: proven ? ("signed" as const) : ("none" as const), events }
  })

  return {
    name,
    capabilities: {
      minCents: 50,
      refund: true,
      secondsBetweenQueries: 60,
      firstQuerySeconds: 60,
      legalNotice: Option.some(pushinPayNotice)
    },
    configured: Option.isSome(settings.token),
    createCharge,
    getCharge,
    refund,
    readWebhook
  }
}
