import { Effect, Option } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { Bots } from "../../bots/Bots.ts"
import { Config } from "../../config.ts"
import type { Bot } from "../../domain/bot.ts"
import { botReason } from "../../domain/crawlers.ts"
import { attributionOf, isAttributed, isSessionId } from "../../domain/visit.ts"
import { freshSession } from "../../tracking/Tracking.ts"
import { unknownBot } from "../errors.ts"
import { problem, problemResponse } from "../problem.ts"
import { Clicks } from "./Clicks.ts"
import { callerOf, type Caught, sessionCookie, sessionCookieOf } from "./visitor.ts"
import { VisitLimit } from "./VisitLimit.ts"

const withoutName = problem("unavailable", "Este bot ainda não tem um endereço no Telegram.")

/** `GET /go/:slug`: counts the click and sends the visitor on to the bot. Nothing that fails here keeps him from it. */
export const goToBot = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const slug = (yield* HttpRouter.params)["slug"] ?? ""
  const bot = (yield* Bots).find(slug)
  if (Option.isNone(bot)) return problemResponse(unknownBot)
  if (Option.isNone(bot.value.username)) return problemResponse(withoutName)
  const query = new URLSearchParams(request.url.split("?")[1] ?? "")
  const caller = callerOf(request)
  const given = [query.get("s"), sessionCookieOf(request, slug)].find(isSessionId)
  const session = (yield* isPersons(request, caller))
    ? yield* clicked(request, bot.value, caller, given, query)
    : Option.fromUndefinedOr(given)
  return yield* redirect(bot.value, bot.value.username.value, session)
})

/** A look ahead or a crawler gets its answer and leaves no trace; so does whoever calls too often. */
const isPersons = Effect.fnUntraced(function* (request: HttpServerRequest.HttpServerRequest, caller: Caught) {
  if (request.method !== "GET" || botReason(caller) !== undefined) return false
  return yield* (yield* VisitLimit).allows(caller.ip)
})

const clicked = Effect.fnUntraced(function* (
  request: HttpServerRequest.HttpServerRequest,
  bot: Bot,
  caller: Caught,
  given: string | undefined,
  query: URLSearchParams
) {
  const fresh = freshSession()
  const referrer = request.headers["referer"]
  // Without JavaScript the page's own address is only known as where the visitor came from.
  const url = isAttributed(attributionOf(request.url)) ? request.url : (referrer ?? request.url)
  const written = yield* (yield* Clicks).click(bot, {
    ...caller,
    session: given,
    fresh,
    url,
    referrer,
    fbp: query.get("fbp") ?? request.cookies["_fbp"],
    fbc: query.get("fbc") ?? request.cookies["_fbc"]
  })
  return Option.orElseSome(written, () => given ?? fresh)
})

const redirect = Effect.fnUntraced(function* (bot: Bot, username: string, session: Option.Option<string>) {
  const { publicUrl } = yield* Config
  const address = `https://t.me/${username}`
  const secure = Option.exists(publicUrl, (url) => url.startsWith("https:"))
  return HttpServerResponse.empty({
    status: 302,
    headers: Option.match(session, {
      onNone: () => ({ location: address }),
      onSome: (id) => ({ location: `${address}?start=${id}`, "set-cookie": sessionCookie(bot.slug, id, secure) })
    })
  })
})
