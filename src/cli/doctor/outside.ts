import { Clock, Effect, Option, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import type { ConfigShape } from "../../config/parse.ts"
import { sentenceOf } from "../../log/sentences.ts"
import { makePushinPay } from "../../payments/gateways/pushinpay.ts"
import { makeSyncPay } from "../../payments/gateways/syncpay.ts"
import type { PaymentGateway } from "../../payments/PaymentGateway.ts"
import { bad, type Finding, good, off } from "./finding.ts"
import { ask } from "./http.ts"

/** Whether the world reaches this service at its own address. */
export const publicUrlFinding = Effect.fnUntraced(function* ({ publicUrl }: ConfigShape) {
  const what = "Endereço público"
  if (Option.isNone(publicUrl)) {
    return bad(
      what,
      "PUBLIC_URL está vazio: os bots buscam as mensagens sozinhos e os gateways não avisam na hora",
      "Em produção, ponha em PUBLIC_URL o endereço https deste serviço."
    )
  }
  const answer = yield* ask(HttpClientRequest.get(`${publicUrl.value}/healthz`))
  if (answer === undefined) {
    return bad(what, `${publicUrl.value} não respondeu`, "Ligue o serviço e confira o DNS, o proxy e o firewall.")
  }
  return answer.status === 200 && answer.text.includes(`"status":"ok"`)
    ? good(what, `${publicUrl.value} chega a este serviço`)
    : bad(what, `${publicUrl.value} respondeu, mas não é este serviço`, "Confira para onde o domínio aponta.")
})

/** A charge that no gateway has: whoever says "unknown" has accepted our credential. */
const nobody = "00000000-0000-4000-8000-000000000000"

export const gatewayFindings = Effect.fnUntraced(function* (config: ConfigShape) {
  const client = yield* HttpClient.HttpClient
  const gateways = [makePushinPay(config.pushinpay, client), makeSyncPay(config.syncpay, client, Effect.succeed([]))]
  const findings = yield* Effect.forEach(gateways, gatewayFinding, { concurrency: 2 })
  return findings.some(({ state }) => state !== "off")
    ? findings
    : [bad("Gateways", "nenhum configurado: nenhum PIX é gerado", "Preencha PUSHINPAY_TOKEN ou SYNCPAY_* no .env.")]
})

const gatewayFinding = (gateway: PaymentGateway): Effect.Effect<Finding> => {
  const what = `Gateway ${gateway.name}`
  if (!gateway.configured) return Effect.succeed(off(what, "sem credencial, não é usado"))
  return gateway.getCharge(nobody).pipe(
    Effect.as(good(what, "respondeu e aceitou a credencial")),
    Effect.catch((error) =>
      Effect.succeed(
        error.reason._tag === "ChargeNotFound" || error.reason._tag === "GatewayRefused"
          ? good(what, "respondeu e aceitou a credencial")
          : bad(what, sentenceOf(error), "Confira a credencial no .env e a situação da conta no painel do gateway.")
      )
    )
  )
}

/** A test event to Meta when there is a test code, so that no real number is touched; else only the pixel is asked. */
export const metaFinding = Effect.fnUntraced(function* ({ facebook }: ConfigShape) {
  const what = "Meta"
  if (Option.isNone(facebook.pixelId) || Option.isNone(facebook.accessToken)) {
    return off(what, "sem FACEBOOK_PIXEL_ID e FACEBOOK_ACCESS_TOKEN; só pixels cadastrados por bot são usados")
  }
  const signed = HttpClientRequest.bearerToken(Redacted.value(facebook.accessToken.value))
  const address = `${facebook.url}/${facebook.pixelId.value}`
  const request = Option.match(facebook.testEventCode, {
    onNone: () => HttpClientRequest.get(address),
    onSome: (code) => HttpClientRequest.bodyJsonUnsafe(testEvent(code))(HttpClientRequest.post(`${address}/events`))
  })
  const answer = yield* ask(signed(request))
  if (answer?.status === 200) {
    return good(
      what,
      Option.isSome(facebook.testEventCode) ? "o evento de teste foi aceito" : "o pixel existe e o token vale"
    )
  }
  return bad(
    what,
    answer === undefined ? "não respondeu" : `respondeu ${answer.status}`,
    "Gere um token novo em Gerenciador de Eventos > Configurações > API de Conversões."
  )
})

const testEvent = (code: string) => ({
  test_event_code: code,
  data: [
    {
      event_name: "PageView",
      event_time: Math.floor(Date.now() / 1000),
      event_id: `doctor-${Date.now()}`,
      action_source: "website",
      event_source_url: "https://example.com/",
      user_data: { client_user_agent: "Mozilla/5.0 (Funil doctor)", client_ip_address: "192.0.2.1" }
    }
  ]
})

/** An order with `isTest`, which UTMify checks and does not keep. */
export const utmifyFinding = Effect.fnUntraced(function* ({ utmify }: ConfigShape) {
  const what = "UTMify"
  if (Option.isNone(utmify.token)) return off(what, "sem UTMIFY_TOKEN, não é usada")
  const now = new Date(yield* Clock.currentTimeMillis).toISOString().slice(0, 19).replace("T", " ")
  const request = HttpClientRequest.post(`${utmify.url}/api-credentials/orders`).pipe(
    HttpClientRequest.setHeader("x-api-token", Redacted.value(utmify.token.value)),
    HttpClientRequest.bodyJsonUnsafe(testOrder(now))
  )
  const answer = yield* ask(request)
  if (answer?.status === 200) return good(what, "o pedido de teste foi aceito")
  return bad(
    what,
    answer === undefined ? "não respondeu" : `respondeu ${answer.status}`,
    "Confira a credencial em Integrações > Webhooks > Credenciais de API."
  )
})

const testOrder = (now: string) => ({
  orderId: "doctor",
  platform: "Funil",
  paymentMethod: "pix",
  status: "waiting_payment",
  createdAt: now,
  approvedDate: null,
  refundedAt: null,
  customer: { name: "Teste", email: "teste@example.com", phone: null, document: null, country: "BR" },
  products: [{ id: "teste", name: "Teste", planId: null, planName: null, quantity: 1, priceInCents: 100 }],
  trackingParameters: {
    src: null,
    sck: null,
    utm_source: null,
    utm_campaign: null,
    utm_medium: null,
    utm_content: null,
    utm_term: null
  },
  commission: { totalPriceInCents: 100, gatewayFeeInCents: 0, userCommissionInCents: 100 },
  isTest: true
})
