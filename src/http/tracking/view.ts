import { Effect, Option, Schema } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { hash } from "node:crypto"
import { Bots } from "../../bots/Bots.ts"
import { Config } from "../../config.ts"
import type { Bot } from "../../domain/bot.ts"
import { eventId } from "../../domain/events.ts"
import type { Visited } from "../../repo/SessionsRepo.ts"
import { pixelOf, Tracking } from "../../tracking/Tracking.ts"
import { readJson } from "../body.ts"
import { orUnavailable, unknownBot } from "../errors.ts"
import { type Problem, problem, problemResponse } from "../problem.ts"
import { callerOf, sessionCookie, sessionCookieOf } from "./visitor.ts"
import { VisitLimit } from "./VisitLimit.ts"

const Word = (max: number) => Schema.optionalKey(Schema.NullOr(Schema.String.check(Schema.isMaxLength(max))))

const WebAddress = Schema.String.check(
  Schema.isMaxLength(8192),
  Schema.makeFilter((value: string) => isWebAddress(value) || "Deve ser o endereço da página, com http ou https.")
)

const isWebAddress = (value: string) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)

/** What a page says when somebody sees it. Cookies that make no sense are left out, not refused. */
export const ViewInput = Schema.Struct({
  bot: Schema.String.check(Schema.isMaxLength(64)),
  url: WebAddress,
  referrer: Word(8192),
  fbp: Word(1000),
  fbc: Word(1000),
  session: Word(200),
  consent: Schema.optionalKey(Schema.NullOr(Schema.Boolean))
}).annotate({ identifier: "View" })

export const ViewAnswer = Schema.Struct({
  session: Schema.String,
  bot_url: Schema.String.annotate({ description: "Por onde o visitante entra no bot; conta o clique." }),
  event_id: Schema.String.annotate({ description: "O eventID do Pixel e o event_id da CAPI." }),
  click_event_id: Schema.String,
  bot_username: Schema.NullOr(Schema.String),
  consent: Schema.Literals(["ask", "given", "refused", "not_needed"]),
  pixel: Schema.NullOr(
    Schema.Struct({
      id: Schema.String,
      view: Schema.NullOr(Schema.String),
      click: Schema.NullOr(Schema.String),
      external_id: Schema.String
    })
  ).annotate({ description: "O Pixel que a página deve chamar; null não chama nenhum." })
}).annotate({ identifier: "ViewAnswer" })

const tooMany = problem("too_many_requests", "Visitas demais deste endereço. Tente de novo em instantes.")
const busy = problem("unavailable", "Há visitas demais agora. Tente de novo em instantes.")

const read = readJson(ViewInput)

/** `POST /api/track/view`: called by pages of any host, and by nobody with a password. */
export const trackView = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  return yield* answer(request).pipe(
    Effect.catch((refusal: Problem) => Effect.succeed(problemResponse(refusal))),
    Effect.map(HttpServerResponse.setHeaders(crossOrigin))
  )
})

/** No cookie goes to or comes from another host's page, and nothing but this one address may be asked from there. */
const crossOrigin = { "access-control-allow-origin": "*" }

export const trackViewOptions = HttpServerResponse.empty({
  status: 204,
  headers: {
    ...crossOrigin,
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "86400"
  }
})

const answer = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest) {
  const caller = callerOf(request)
  const limit = yield* VisitLimit
  if (!(yield* limit.allows(caller.ip))) return yield* Effect.fail(tooMany)
  const { bot: slug, ...said } = yield* read(request)
  const bot = yield* Effect.mapError(Effect.fromOption((yield* Bots).find(slug)), () => unknownBot)
  const visited = yield* (yield* Tracking)
    .visit(bot, "presell_view", {
      ...caller,
      ...said,
      session: said.session ?? sessionCookieOf(request, slug),
      fbp: said.fbp ?? request.cookies["_fbp"],
      fbc: said.fbc ?? request.cookies["_fbc"]
    })
    .pipe(
      Effect.catchTags({
        TrackingBusy: () => Effect.fail(busy),
        SqlError: (error) => orUnavailable(Effect.fail(error))
      })
    )
  const { publicUrl } = yield* Config
  const base = Option.getOrElse(publicUrl, () => ownAddress(request))
  return HttpServerResponse.setHeader(
    HttpServerResponse.jsonUnsafe(answerOf(bot, visited, base)),
    "set-cookie",
    sessionCookie(slug, visited.session, base.startsWith("https:"))
  )
})

const answerOf = (bot: Bot, visited: Visited, base: string): typeof ViewAnswer.Type => {
  const { session } = visited
  const required = bot.tracking.consentRequired
  const allowed = visited.counts && (!required || visited.consent === true)
  return {
    session,
    bot_url: `${base}/go/${bot.slug}?s=${session}`,
    event_id: eventId.fromSession("presell_view", session),
    click_event_id: eventId.fromSession("to_bot_click", session),
    bot_username: Option.getOrNull(bot.username),
    consent: consentOf(required, visited.consent),
    pixel: allowed
      ? Option.getOrNull(
          Option.map(pixelOf(bot), (pixel) => ({ ...pixel, external_id: hash("sha256", session, "hex") }))
        )
      : null
  }
}

const consentOf = (required: boolean, consent: boolean | null) => {
  if (!required) return "not_needed"
  if (consent === null) return "ask"
  return consent ? "given" : "refused"
}

/** Without PUBLIC_URL, the address by which the page found us. */
const ownAddress = ({ headers }: HttpServerRequest.HttpServerRequest): string => {
  const host = headers["host"] ?? ""
  const scheme = headers["x-forwarded-proto"] === "https" ? "https" : "http"
  return /^[\w.:[\]-]{1,255}$/.test(host) ? `${scheme}://${host}` : ""
}
