import { Effect, Option } from "effect"
import { HttpRouter, HttpServerRequest } from "effect/http"
import { readFileSync } from "node:fs"
import { Bots } from "../../bots/Bots.ts"
import type { Bot } from "../../domain/bot.ts"
import { unknownBot } from "../errors.ts"
import { problemResponse } from "../problem.ts"
import { type Asset, assetOf, serve } from "./asset.ts"
import { presellPage } from "./presell.ts"

/** Read once, with the module. */
const script = assetOf(readFileSync(new URL("t.js", import.meta.url), "utf8"), {
  "content-type": "text/javascript; charset=utf-8",
  "cache-control": "public, max-age=3600",
  // Pages of any host may load it, also those that isolate themselves.
  "cross-origin-resource-policy": "cross-origin"
})

/** `GET /t.js`: the tracking script for a seller's own page. */
export const trackingScript = Effect.map(HttpServerRequest.HttpServerRequest, (request) => serve(script, request))

/** A bot that changes is another object: its page is made anew with the first visit after that. */
const pages = new WeakMap<Bot, Asset>()

const pageOf = (bot: Bot): Asset => {
  const known = pages.get(bot)
  if (known !== undefined) return known
  const made = assetOf(presellPage(bot), pageHeaders)
  pages.set(bot, made)
  return made
}

// Meta's library opens frames and forms of its own, so only what runs here is limited.
const pageHeaders = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-cache",
  "referrer-policy": "strict-origin-when-cross-origin",
  "content-security-policy": "script-src 'self' https://connect.facebook.net; object-src 'none'; base-uri 'none'"
}

/** `GET /p/:slug`: the hosted presell page of a bot. Seeing it counts when its script says so, not when it is fetched. */
export const hostedPresell = Effect.gen(function* () {
  const request = yield* HttpServerRequest.HttpServerRequest
  const bot = (yield* Bots).find((yield* HttpRouter.params)["slug"] ?? "")
  return Option.match(bot, {
    onNone: () => problemResponse(unknownBot),
    onSome: (found) => serve(pageOf(found), request)
  })
})
