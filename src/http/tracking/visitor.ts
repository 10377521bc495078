import type { HttpServerRequest } from "effect/http"
import type { IncomingMessage } from "node:http"
import type { Caller } from "../../domain/crawlers.ts"
import { sessionDays } from "../../domain/visit.ts"
import { isLoopback, nodeRequest } from "../request.ts"
import { clientIpOf } from "./clientIp.ts"

export interface Caught extends Caller {
  readonly ip: string | undefined
}

/** What a request says of its sender besides its words. */
export const callerOf = (request: HttpServerRequest.HttpServerRequest): Caught => {
  const { headers } = request
  const source: IncomingMessage = nodeRequest(request)
  return {
    userAgent: headers["user-agent"],
    purposes: ["sec-purpose", "purpose", "x-purpose", "x-moz"].flatMap((name) => headers[name] ?? []),
    local: isLoopback(source),
    ip: clientIpOf(source)
  }
}

/** A session belongs to one bot; a visitor may be at two of them. */
const cookieName = (slug: string) => `funil_${slug}`

export const sessionCookieOf = (request: HttpServerRequest.HttpServerRequest, slug: string) =>
  request.cookies[cookieName(slug)]

/** Set by the server, because browsers keep for 90 days only what a script did not write (facts/tracking, D.6). */
export const sessionCookie = (slug: string, session: string, secure: boolean): string =>
  `${cookieName(slug)}=${session}; Path=/; Max-Age=${sessionDays * 86_400}; HttpOnly; SameSite=Lax${secure ? "; Secure" : ""}`
