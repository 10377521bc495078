import { Cause, Effect, Option } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { declaresTooMuch } from "../body.ts"
import { stopwatch, telemetry } from "../../log/telemetry.ts"
import { causeProblem } from "../errors.ts"
import { FloodGuard } from "../../log/FloodGuard.ts"
import { acknowledged, type Problem, problemResponse, tooLarge } from "../problem.ts"
import { nodeRequest, requestIdOf } from "../request.ts"
import { secretHeader, TelegramWebhook } from "./TelegramWebhook.ts"

/** `POST /tg/:slug/webhook` in full: what the lane does not take, mostly refusals. */
export const telegramWebhook = Effect.suspend(() => {
  const seconds = stopwatch()
  return Effect.map(refusal, (refused) => {
    telemetry.acks.record({ result: refused?.error ?? "ok" }, seconds())
    return refused === undefined ? acknowledged : problemResponse(refused)
  })
})

const refusal = Effect.gen(function* () {
  const webhook = yield* TelegramWebhook
  const request = yield* HttpServerRequest.HttpServerRequest
  const slug = (yield* HttpRouter.params)["slug"] ?? ""
  const bot = webhook.admit(slug, request.headers[secretHeader])
  if (Option.isNone(bot)) return yield* webhook.refuse(slug)
  const source = nodeRequest(request)
  if (declaresTooMuch(source)) return yield* refuseLarge(slug)
  const raw = yield* request.text
  return yield* webhook.receive(bot.value, raw, requestIdOf(source))
}).pipe(Effect.catch((error) => Effect.succeed<Problem | undefined>(causeProblem(Cause.fail(error)))))

const refuseLarge = Effect.fnUntraced(function* (slug: string) {
  const flood = yield* FloodGuard
  yield* flood.warn(`webhook:large:${slug}`, `Recusei um aviso do Telegram para o bot ${slug}: passa de 1 MiB`, {
    slug
  })
  return tooLarge
})
