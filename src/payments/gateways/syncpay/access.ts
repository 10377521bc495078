import { Effect, Option, Redacted } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import type { ConfigShape } from "../../../config/parse.ts"
import { GatewayError, GatewayUnauthorized, GatewayUnavailable } from "../../PaymentGateway.ts"
import { type Fields, isFields, textField } from "../fields.ts"
import { createTimeout, type GatewayAnswer, makeCall, type Operation, refusal } from "../http.ts"
import { type Grant, makeSession } from "./session.ts"

export const name = "syncpay"

type Reason = GatewayError["reason"]

/** Short enough for a buyer to be told that nothing was charged before we give up on the whole creation. */
const exchangeTimeout = "5 seconds"
const timeouts = { create: createTimeout, other: "8 seconds" } as const

/** An hour, as documented; what an answer says of it wins, within reason. */
const lifeSeconds = { documented: 3600, least: 1, most: 86_400 }

/** Sends requests with a token in them: exchanges it, keeps it, and replays once when it was refused. */
export const makeAccess = (settings: ConfigShape["syncpay"], client: HttpClient.HttpClient) => {
  const call = makeCall(client, name)
  const credential = Option.all({ client_id: settings.clientId, client_secret: settings.clientSecret })

  const exchange = Effect.gen(function* (): Effect.fn.Return<Grant, Reason> {
    if (Option.isNone(credential)) return yield* new GatewayUnauthorized({ status: 0 })
    const { client_id, client_secret } = credential.value
    const post = HttpClientRequest.post("/api/partner/v1/auth-token").pipe(
      HttpClientRequest.prependUrl(settings.url),
      HttpClientRequest.acceptJson,
      HttpClientRequest.bodyJsonUnsafe({
        client_id: Redacted.value(client_id),
        client_secret: Redacted.value(client_secret)
      })
    )
    const answer = yield* Effect.mapError(call("check", post, exchangeTimeout), (error) => error.reason)
    if (!isOk(answer)) return yield* exchangeRefusal(answer)
    return readGrant(answer.body) ?? (yield* new GatewayUnavailable({ detail: "resposta ilegível" }))
  })

  const session = makeSession(name, exchange)

  const send = Effect.fnUntraced(function* (operation: Operation, request: HttpClientRequest.HttpClientRequest) {
    const attempt = Effect.fnUntraced(function* () {
      const token = yield* Effect.mapError(
        session.token,
        (reason) => new GatewayError({ gateway: name, operation, reason })
      )
      const authorised = request.pipe(
        HttpClientRequest.prependUrl(settings.url),
        HttpClientRequest.acceptJson,
        HttpClientRequest.bearerToken(token)
      )
      const answer = yield* call(operation, authorised, operation === "create" ? timeouts.create : timeouts.other)
      if (answer.status === 401) session.forget(token)
      return answer
    })
    const answer = yield* attempt()
    // A 401 proves that nothing was done, so once more is no second charge.
    return answer.status === 401 ? yield* attempt() : answer
  })

  return { configured: Option.isSome(credential), send }
}

export const isOk = ({ status }: GatewayAnswer): boolean => status >= 200 && status <= 299

/** Without a token no charge was made, whatever else went wrong. */
const exchangeRefusal = (answer: GatewayAnswer): Reason => {
  const { status } = answer
  if (status === 429) return refusal("check", answer)
  return (status >= 400 && status <= 403) || status === 422
    ? new GatewayUnauthorized({ status })
    : new GatewayUnavailable({ detail: `resposta ${status}` })
}

const readGrant = (body: unknown): Grant | undefined => {
  if (!isFields(body)) return undefined
  const fields: Fields = isFields(body["data"]) ? body["data"] : body
  const token = textField(fields["access_token"], 4000) ?? textField(fields["token"], 4000)
  // What cannot stand in a header is no token.
  if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) return undefined
  const told = Number(fields["expires_in"] ?? Number.NaN)
  const life = Number.isFinite(told) ? told : lifeSeconds.documented
  return {
    token: Redacted.make(token, { label: name }),
    lifeSeconds: Math.min(Math.max(life, lifeSeconds.least), lifeSeconds.most)
  }
}
