import { NodeHttpClient } from "@effect/platform-node"
import { type Duration, Effect, type Layer, Option } from "effect"
import { HttpClient, type HttpClientError, type HttpClientRequest } from "effect/http"
import {
  ChargeNotFound,
  GatewayError,
  GatewayRateLimited,
  GatewayRefused,
  GatewayUnauthorized,
  GatewayUnavailable,
  GatewayUncertain
} from "../PaymentGateway.ts"
import { isFields, textField } from "./fields.ts"

/** The gateways' own connections: kept open between charges, and closed to nobody else's traffic. */
export const gatewayHttpLayer: Layer.Layer<HttpClient.HttpClient> = NodeHttpClient.layerUndiciOptions({
  connections: 128,
  keepAliveTimeout: 30_000,
  connect: { timeout: 3_000 }
})

/** Longer than any buyer waits: an answer that comes late still says which charge was made (creation.ts). */
export const createTimeout = "60 seconds"

export type Operation = GatewayError["operation"]

export interface GatewayAnswer {
  readonly status: number
  readonly retryAfterSeconds: Option.Option<number>
  /** Parsed JSON; `undefined` where the body was something else (gateways send HTML on bad days). */
  readonly body: unknown
}

/** The request never left this machine, so it certainly had no effect. */
const beforeSending =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|.*CERT.*)$/

const changesSomething = (operation: Operation) =>
  operation === "create" || operation === "refund" || operation === "register"

/** A failure after the request may have left: for a question it is harmless, for an order nobody knows. */
export const lost = (operation: Operation, detail: string): GatewayError["reason"] =>
  changesSomething(operation) ? new GatewayUncertain({ detail }) : new GatewayUnavailable({ detail })

/**
 * Sends one request to a gateway. Whatever fails is put into the words of `PaymentGateway`, without address, header or
 * body: those hold secrets and data of buyers.
 */
export const makeCall = (client: HttpClient.HttpClient, gateway: string) =>
  Effect.fnUntraced(function* (
    operation: Operation,
    request: HttpClientRequest.HttpClientRequest,
    timeout: Duration.Input
  ): Effect.fn.Return<GatewayAnswer, GatewayError> {
    const fail = (reason: GatewayError["reason"]) => new GatewayError({ gateway, operation, reason })
    return yield* client.execute(request).pipe(
      Effect.flatMap((response) =>
        Effect.map(response.text, (text) => ({
          status: response.status,
          retryAfterSeconds: retryAfter(response.headers["retry-after"]),
          body: parseJson(text)
        }))
      ),
      Effect.mapError((error) => fail(transportReason(operation, error))),
      Effect.timeoutOrElse({ duration: timeout, orElse: () => Effect.fail(fail(lost(operation, "sem resposta"))) }),
      // The adapter's own span says enough; the client's would hold the address and send its id along.
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true),
      Effect.provideService(HttpClient.TracerPropagationEnabled, false)
    )
  })

/** What an answer that is not 2xx means. */
export const refusal = (operation: Operation, answer: GatewayAnswer): GatewayError["reason"] => {
  const { status } = answer
  if (status === 401 || status === 403) return new GatewayUnauthorized({ status })
  if (status === 404 && (operation === "query" || operation === "refund")) return new ChargeNotFound()
  if (status === 429) {
    return new GatewayRateLimited({ retryAfterSeconds: Option.getOrElse(answer.retryAfterSeconds, () => 60) })
  }
  if (status >= 400 && status < 500) return new GatewayRefused({ status, message: messageOf(answer.body) })
  return lost(operation, `resposta ${status}`)
}

const transportReason = (operation: Operation, error: HttpClientError.HttpClientError): GatewayError["reason"] => {
  const code = codeOf(error.reason)
  return beforeSending.test(code) ? new GatewayUnavailable({ detail: code }) : lost(operation, code)
}

const codeOf = (reason: HttpClientError.HttpClientErrorReason): string => {
  const cause: unknown = "cause" in reason ? reason.cause : undefined
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined
  return typeof code === "string" ? code : reason._tag
}

const retryAfter = (header: string | undefined): Option.Option<number> =>
  header !== undefined && /^\d{1,6}$/.test(header) ? Option.some(Math.min(Number(header), 3600)) : Option.none()

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Gateways, and the resellers that put their own name on one, explain themselves under different names. */
const messageFields = ["message", "detail", "error_description", "error", "title"]

/** The gateway's own words for a refusal, with the first complaint about a field where it names one. */
export const messageOf = (body: unknown): string => {
  if (!isFields(body)) return "sem explicação"
  const message = messageFields.map((name) => textField(body[name], 300)).find((text) => text !== undefined)
  const complaint = isFields(body["errors"]) ? textField(Object.values(body["errors"]).flat()[0], 200) : undefined
  if (complaint === undefined || message?.includes(complaint) === true) return message ?? "sem explicação"
  return message === undefined ? complaint : `${message} (${complaint})`
}
