import { Cause, Effect, Option } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { isStorable } from "../http/body.ts"
import { adminProblem, causeProblem } from "../http/errors.ts"
import { problem, type Problem, statusOf } from "../http/problem.ts"
import * as Log from "../log/Log.ts"
import { AdminError } from "../domain/admin.ts"
import { cookieName, PanelSession, type Session } from "./PanelSession.ts"
import { redirect, refusalPage, withPanelHeaders } from "./respond.ts"
import type { PanelRoute, Visit } from "./visit.ts"

const csrfField = "_csrf"
const staleForm = problem(
  "unauthorized",
  "Esta página ficou aberta por tempo demais, ou o pedido veio de outro site. Volte, recarregue e tente de novo."
)

/** Around every page: who is not logged in goes to the login, a form without its token is refused, an error is a page. */
export const makeGuard = Effect.map(
  PanelSession,
  (sessions) => (route: PanelRoute) =>
    Effect.gen(function* () {
      const request = yield* HttpServerRequest.HttpServerRequest
      const session = yield* sessions.read(request.cookies[cookieName])
      if (session === undefined) return toLogin(request)
      const visit = yield* visitOf(request, session, route)
      if (visit === undefined) return refusalPage(session, staleForm, 400)
      const token = request.headers["x-csrf-token"] ?? visit.form.get(csrfField) ?? undefined
      if (route.method === "POST" && route.upload !== true && !sessions.isCsrf(session, token)) {
        return refusalPage(session, staleForm, 403)
      }
      return yield* Effect.catchCause(route.handle(visit), (cause) => refusalOf(route, session, cause))
    }).pipe(Effect.map(withPanelHeaders))
)

const toLogin = (request: HttpServerRequest.HttpServerRequest) => {
  // htmx would put the login into the place of the part it asked for.
  if (request.headers["hx-request"] === "true") {
    return HttpServerResponse.empty({ status: 401, headers: { "hx-redirect": "/admin/entrar" } })
  }
  const back = request.method === "GET" && request.url !== "/admin" ? `?volta=${encodeURIComponent(request.url)}` : ""
  return redirect(`/admin/entrar${back}`)
}

const visitOf = Effect.fnUntraced(function* (
  request: HttpServerRequest.HttpServerRequest,
  session: Session,
  route: PanelRoute
) {
  const params = yield* HttpRouter.params
  const url = new URL(request.url, "http://painel")
  const isForm = route.method === "POST" && route.upload !== true
  const body = isForm ? yield* Effect.option(request.text) : Option.some("")
  if (Option.isNone(body)) return undefined
  const form = new URLSearchParams(body.value)
  const given = [...url.searchParams].filter(([, value]) => value !== "")
  const words = [...Object.values(params), ...given.map(([, value]) => value), ...form.values()]
  if (words.some((word) => word !== undefined && !isStorable(word))) return undefined
  const visit: Visit = {
    request,
    path: url.pathname,
    params,
    query: Object.fromEntries(given),
    form,
    session,
    partial: request.headers["hx-request"] === "true"
  }
  return visit
})

const refusalOf = (route: PanelRoute, session: Session, cause: Cause.Cause<unknown>) => {
  if (Cause.hasInterruptsOnly(cause)) return Effect.failCause(cause as Cause.Cause<never>)
  const error = Cause.squash(cause)
  const refusal: Problem = error instanceof AdminError ? adminProblem(error) : causeProblem(cause)
  const page = Effect.succeed(refusalPage(session, refusal, statusOf[refusal.error]))
  return refusal.error === "internal"
    ? Effect.andThen(Log.error(`[ERRO] Falha na página ${route.method} ${route.path}: ${Log.detailOf(cause)}`), page)
    : page
}
