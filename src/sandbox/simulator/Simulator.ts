import { Effect } from "effect"
import { readFileSync } from "node:fs"
import type { IncomingMessage, ServerResponse } from "node:http"
import { control, CONTROL_PREFIX } from "../http/control.ts"
import { listen, type ListenOptions } from "../http/listen.ts"
import { Sandbox } from "../Sandbox.ts"
import { makeActions } from "./actions.ts"
import { makeBanks } from "./Banks.ts"
import { Live } from "./Live.ts"
import { page } from "./parts/page.ts"
import type { Seller } from "./Seller.ts"
import { makeStage } from "./Stage.ts"

/** Hostile texts of bots and people are shown here too: nothing but our own two files may run or style. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: http: https:; media-src 'self' http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const asset = (name: string, type: string) => ({
  type,
  text: readFileSync(new URL(`page/${name}`, import.meta.url), "utf8")
})

/**
 * A page that looks and behaves like the chats of a few people with one bot, with their bank under the PIX code, the
 * service's log and the funnel beside it. It ends with the scope; answers its address.
 */
export const startSimulator = Effect.fn("Simulator.start")(function* (seller: Seller, options: ListenOptions = {}) {
  const { telegram } = yield* Sandbox
  const live = new Live()
  const banks = yield* makeBanks
  const stage = yield* makeStage(live, seller, banks)
  const act = control(yield* makeActions(seller, banks, stage))
  yield* stage.addPerson
  yield* stage.addPerson

  const assets = new Map([
    ["/", { type: "text/html", text: page(seller).text }],
    ["/simulator.js", asset("simulator.js", "text/javascript")],
    ["/simulator.css", asset("simulator.css", "text/css")]
  ])

  const url = yield* listen((request: IncomingMessage, response: ServerResponse) => {
    const { pathname } = new URL(request.url ?? "/", "http://simulator")
    response.setHeader("content-security-policy", policy)
    response.setHeader("x-content-type-options", "nosniff")
    if (pathname.startsWith(CONTROL_PREFIX)) return act(request, response)
    if (pathname === "/live") return live.connect(request, response)
    if (pathname.startsWith("/files/")) {
      const file = telegram.upload(pathname.slice("/files/".length))
      if (file?.bytes === undefined) return void response.writeHead(404).end()
      response.writeHead(200, { "content-type": file.contentType, "cache-control": "max-age=31536000, immutable" })
      return void response.end(file.bytes)
    }
    const found = assets.get(pathname)
    if (found === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { "content-type": `${found.type}; charset=utf-8`, "cache-control": "no-cache" })
    response.end(found.text)
  }, options)
  return { url }
})
