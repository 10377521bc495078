import { Clock, Effect, Option, type Redacted } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import type { ConfigShape } from "../../config/parse.ts"
import {
  type AccountWebhook,
  type ChargeRequest,
  GatewayError,
  GatewayRefused,
  type PaymentGateway,
  WebhookRefused,
  type WebhookRequest
} from "../PaymentGateway.ts"
import { textField } from "./fields.ts"
import { makeUnknownStatus } from "./unknownStatus.ts"
import { type GatewayAnswer, lost, messageOf, type Operation, refusal } from "./http.ts"
import { toReais } from "./reais.ts"
import { isOk, makeAccess, name } from "./syncpay/access.ts"
import { claimsProof, proofOf } from "./syncpay/proof.ts"
import { makeRegistration } from "./syncpay/registration.ts"
import { isKnownStatus } from "./syncpay/status.ts"
import { isWithdrawal, readAnswer, readCharge, readEvents, saysNo } from "./syncpay/wire.ts"

/** The tokens of the webhooks that were registered for the account, by whatever process. */
export type KnownTokens = Effect.Effect<ReadonlyArray<Redacted.Redacted<string>>>

const maxDescription = 140

/** What a path says that is gone; another version of the query may still know the charge. */
const gone = new Set([404, 405, 410])

/**
 * SyncPay: reais, a token exchanged every hour, no customer data unless a buyer gave them, three webhook contracts of
 * which one is signed (facts/gateways, section 2).
 */
export const makeSyncPay = (
  settings: ConfigShape["syncpay"],
  client: HttpClient.HttpClient,
  registered: KnownTokens
): PaymentGateway => {
  const { configured, send } = makeAccess(settings, client)
  const register = makeRegistration(send, Option.isSome(settings.webhookToken))
  const reportUnknown = makeUnknownStatus(name, "SyncPay", isKnownStatus)
  const fail = (operation: Operation, reason: GatewayError["reason"]) =>
    Effect.fail(new GatewayError({ gateway: name, operation, reason }))

  const createCharge = Effect.fn("SyncPay.createCharge")(function* (request: ChargeRequest) {
    const description = textField(request.description, maxDescription)
    const post = HttpClientRequest.post("/api/partner/v1/cash-in").pipe(
      HttpClientRequest.bodyJsonUnsafe({
        amount: toReais(request.valueCents),
        ...(description === undefined ? {} : { description }),
        ...Option.match(request.webhookUrl, { onNone: () => ({}), onSome: (url) => ({ webhook_url: url }) })
      })
    )
    const answer = yield* send("create", post)
    const refused = refusedByRule(answer)
    if (refused !== undefined) return yield* fail("create", refused)
    if (!isOk(answer)) return yield* fail("create", refusal("create", answer))
    return readCharge(answer.body) ?? (yield* fail("create", lost("create", "resposta ilegível")))
  })

  const getCharge = Effect.fn("SyncPay.getCharge")(function* (id: string) {
    const ask = (path: string) => send("query", HttpClientRequest.get(`${path}/${encodeURIComponent(id)}`))
    const first = yield* ask("/api/partner/v1/transaction")
    const answer = gone.has(first.status) ? yield* ask("/api/partner/v2/transactions") : first
    if (!isOk(answer)) return yield* fail("query", refusal("query", answer))
    const state = readAnswer(answer.body)
    if (state === undefined) return yield* fail("query", lost("query", "resposta ilegível"))
    yield* reportUnknown({ ...state, id })
    return state
  })

  const refund = () =>
    fail("refund", new GatewayRefused({ status: 0, message: "a SyncPay só estorna pelo painel dela" }))

  const readWebhook = Effect.fn("SyncPay.readWebhook")(function* (request: WebhookRequest) {
    const event = (request.headers["event"] ?? request.headers["x-syncpay-event"])?.toLowerCase()
    if (event !== undefined && isWithdrawal(event)) return { proof: "none" as const, events: [] }
    const own = Option.toArray(settings.webhookToken)
    const tokens = claimsProof(request) ? [...own, ...(yield* registered)] : own
    const proof = proofOf(request, tokens, yield* Clock.currentTimeMillis)
    if ("refused" in proof) return yield* fail("webhook", new WebhookRefused({ detail: proof.refused }))
    const events = readEvents(request.body, event)
    yield* Effect.forEach(events, reportUnknown, { discard: true })
    return { ...proof, events }
  })

  const ensureWebhook = Effect.fn("SyncPay.ensureWebhook")((url: string, known: Option.Option<AccountWebhook>) =>
    register(url, known)
  )

  return {
    name,
    capabilities: {
      // No minimum is published; SyncPay itself says no to what is too little.
      minCents: 1,
      refund: false,
      secondsBetweenQueries: 20,
      firstQuerySeconds: 20,
      legalNotice: Option.none()
    },
    configured,
    createCharge,
    getCharge,
    refund,
    readWebhook,
    ensureWebhook
  }
}

/** Refusals that come under a status which says something else. */
const refusedByRule = (answer: GatewayAnswer): GatewayRefused | undefined => {
  const message = messageOf(answer.body)
  const limited = !isOk(answer) && message.includes("max_cashin_without_fee")
  return limited || (isOk(answer) && saysNo(answer.body))
    ? new GatewayRefused({ status: answer.status, message })
    : undefined
}
