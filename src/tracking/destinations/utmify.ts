import { Clock, Effect, Option, Redacted } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import type { Bots } from "../../bots/Bots.ts"
import type { ConfigShape } from "../../config/parse.ts"
import { isPaymentFact } from "../../domain/report.ts"
import * as Log from "../../log/Log.ts"
import type { OutboxRow } from "../../repo/OutboxRepo.ts"
import type { ReportFactsRepo } from "../../repo/ReportFactsRepo.ts"
import type { OutboxHandler, OutboxOutcome } from "../Outbox.ts"
import { isAnswer, makeExchange } from "./http.ts"
import { isAgreed, trackingOf } from "./shared.ts"
import { outcomeOf } from "./utmify/answer.ts"
import { longestAgeMs, orderOf, statusOf } from "./utmify/order.ts"

interface Needs {
  readonly config: Pick<ConfigShape, "utmify" | "publicUrl">
  readonly bots: Pick<Bots["Service"], "byId">
  readonly facts: ReportFactsRepo["Service"]
  readonly client: HttpClient.HttpClient
}

const timeout = "8 seconds"

/** UTMify's orders: one request each, and the same order again for what happens to it later. */
export const makeUtmify = ({ bots, client, config: { publicUrl, utmify }, facts }: Needs): OutboxHandler => {
  const exchange = makeExchange(client, timeout)
  const mailDomain = Option.getOrElse(Option.flatMap(publicUrl, domainOf), () => "comprador.invalid")

  const request = (token: Redacted.Redacted<string>, order: object) =>
    HttpClientRequest.post(`${utmify.url}/api-credentials/orders`).pipe(
      HttpClientRequest.setHeader("x-api-token", Redacted.value(token)),
      HttpClientRequest.acceptJson,
      HttpClientRequest.bodyJsonUnsafe(order)
    )

  return Effect.fn("Utmify.deliver")(function* (row: OutboxRow) {
    const latencyMs = Log.timer()
    const fact = row.eventName
    if (!isPaymentFact(fact)) return failed("este evento não é enviado à UTMify")
    const known = (yield* facts.load([row])).get(row.id)
    const { createdAt, transactionId, valueCents } = known ?? {}
    if (known === undefined || !createdAt || !transactionId) return failed("o pagamento não existe mais")
    if (!valueCents || valueCents <= 0) return failed("o pagamento não diz o valor")
    const nowMs = yield* Clock.currentTimeMillis
    const longest = longestAgeMs(fact)
    if (nowMs - createdAt.getTime() > longest) {
      return failed(`o pedido tem mais de ${Math.ceil(longest / 86_400_000)} dias; a UTMify não aceita mais`)
    }
    if (Option.isNone(utmify.token)) {
      return { _tag: "Away", reason: "falta a credencial da UTMify (variável UTMIFY_TOKEN)", alarm: true }
    }
    const order = orderOf(fact, known, { mailDomain, agreed: isAgreed(trackingOf(bots, row.botId), known) })
    const answer = yield* exchange(request(utmify.token.value, order))
    const outcome: OutboxOutcome = isAnswer(answer)
      ? outcomeOf(answer)
      : { _tag: "Away", reason: `a UTMify não respondeu (${answer.detail})` }
    if (outcome._tag === "Sent") {
      yield* Log.info(`[TRACKING][UTMIFY] Pedido ${transactionId} enviado como ${statusOf[fact]}`, {
        destination: "utmify",
        event_name: fact,
        bot_id: row.botId,
        telegram_id: known.telegramId,
        payment_id: row.paymentId,
        latency_ms: latencyMs()
      })
    }
    return outcome
  })
}

const failed = (reason: string): OutboxOutcome => ({ _tag: "Failed", reason, unsent: true })

/** Of an address that could have a mailbox: a number or a name of this machine could not. */
const domainOf = (address: string): Option.Option<string> => {
  const host = URL.parse(address)?.hostname ?? ""
  return /^[a-z0-9.-]+\.[a-z]{2,}$/i.test(host) ? Option.some(host) : Option.none()
}
