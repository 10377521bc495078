import { Cause, Effect, Option } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { declaresTooMuch } from "../body.ts"
import { causeProblem } from "../errors.ts"
import { FloodGuard } from "../FloodGuard.ts"
import { acknowledged, problemResponse, tooLarge } from "../problem.ts"
import { nodeRequest, requestIdOf } from "../request.ts"
import { secretHeader, TelegramWebhook } from "./TelegramWebhook.ts"

/** `POST /tg/:slug/webhook` in full: what the lane does not take, mostly refusals. */
export const telegramWebhook = Effect.gen(function* () {
  const webhook = yield* TelegramWebhook
  const request = yield* HttpServerRequest.HttpServerRequest
  const slug = (yield* HttpRouter.params)["slug"] ?? ""
  const bot = webhook.admit(slug, request.headers[secretHeader])
  if (Option.isNone(bot)) return problemResponse(yield* webhook.refuse(slug))
  const source = nodeRequest(request)
  if (declaresTooMuch(source)) return yield* refuseLarge(slug)
  const raw = yield* request.text
  const refusal = yield* webhook.receive(bot.value, raw, requestIdOf(source))
  return refusal === undefined ? acknowledged : problemResponse(refusal)
}).pipe(Effect.catch((error) => Effect.succeed(problemResponse(causeProblem(Cause.fail(error))))))

const refuseLarge = Effect.fnUntraced(function* (slug: string) {
  const flood = yield* FloodGuard
  yield* flood.warn(`webhook:large:${slug}`, `Recusei um aviso do Telegram para o bot ${slug}: passa de 1 MiB`, {
    slug
  })
  return problemResponse(tooLarge)
})
