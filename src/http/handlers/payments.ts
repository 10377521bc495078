import { Effect } from "effect"
import { HttpRouter, type HttpServerError, HttpServerRequest } from "effect/http"
import type { SqlError } from "effect/sql"
import { WebhookInbox } from "../../payments/WebhookInbox.ts"
import { declaresTooMuch } from "../body.ts"
import { isDatabaseAway } from "../errors.ts"
import { FloodGuard } from "../../log/FloodGuard.ts"
import { acknowledged, databaseAway, ourFault, problem, problemResponse, tooLarge } from "../problem.ts"
import { nodeRequest, requestIdOf } from "../request.ts"

const path = "/api/payments/webhook/"

const unknownGateway = problemResponse(problem("not_found", "Este gateway não existe."))
const refused = problemResponse(problem("unauthorized", "A assinatura ou a senha deste aviso não confere."))

/** Gateways look whether an address answers before they accept it as a webhook. */
export const paymentWebhookCheck = acknowledged

/**
 * `POST /api/payments/webhook/:gateway`, with whatever stands behind the name: bytes, headers and query go to the
 * inbox as they came, because signatures cover them.
 */
export const paymentWebhook = Effect.gen(function* () {
  const inbox = yield* WebhookInbox
  const request = yield* HttpServerRequest.HttpServerRequest
  const gateway = (yield* HttpRouter.params)["gateway"] ?? ""
  const source = nodeRequest(request)
  if (declaresTooMuch(source)) return yield* refuseLarge
  const read = yield* Effect.result(request.arrayBuffer)
  if (read._tag === "Failure") return yield* isTooLarge(read.failure) ? refuseLarge : read.failure
  const body = new Uint8Array(read.success)
  const [address = "", query = ""] = split(request.url, "?")
  const [, pathKey] = split(address.slice(path.length), "/")
  return yield* inbox
    .receive(gateway, { headers: request.headers, query, body, pathKey, requestId: requestIdOf(source) })
    .pipe(
      Effect.as(acknowledged),
      Effect.catchTags({
        UnknownGateway: ({ gateway }) => refuseUnknown(gateway),
        GatewayError: ({ reason }) =>
          Effect.succeed(reason._tag === "WebhookRefused" ? refused : problemResponse(ourFault)),
        SqlError: notStored(gateway)
      })
    )
})

const refuseLarge = Effect.gen(function* () {
  const flood = yield* FloodGuard
  yield* flood.warn("payment:too_large", "Recusei um aviso de pagamento grande demais")
  return problemResponse(tooLarge)
})

const isTooLarge = ({ reason }: HttpServerError.HttpServerError): boolean =>
  reason._tag === "RequestParseError" && reason.reason === "BodyTooLarge"

const refuseUnknown = Effect.fnUntraced(function* (gateway: string) {
  const flood = yield* FloodGuard
  yield* flood.warn("payment:unknown", `Recusei um aviso de pagamento: não há gateway chamado ${gateway}`)
  return unknownGateway
})

const notStored = (gateway: string) =>
  Effect.fnUntraced(function* (error: SqlError.SqlError) {
    const flood = yield* FloodGuard
    yield* flood.warn(
      `payment:sql:${gateway}`,
      `Não guardei um aviso de pagamento da ${gateway}: o banco de dados falhou`
    )
    // Anything but 200 makes the gateway send it again, which is right in both cases.
    return problemResponse(isDatabaseAway(error) ? databaseAway : ourFault)
  })

const split = (text: string, mark: string): readonly [string, string | undefined] => {
  const at = text.indexOf(mark)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
