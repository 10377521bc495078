import { Effect } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import { AdminAuth } from "../../http/AdminAuth.ts"
import { nodeRequest } from "../../http/request.ts"
import { FloodGuard } from "../../log/FloodGuard.ts"
import * as Log from "../../log/Log.ts"
import { outside } from "../frame.ts"
import { html, nothing } from "../html.ts"
import { LoginAttempts } from "../LoginAttempts.ts"
import { cookieName, PanelSession } from "../PanelSession.ts"
import { redirect, withPanelHeaders } from "../respond.ts"

const loginPage = (back: string, fault: string | undefined, status = 200) =>
  withPanelHeaders(
    HttpServerResponse.text(
      `${outside(
        "Entrar",
        html`<form method="post" action="/admin/entrar" class="card login">
          <h1>Funil</h1>
          <p class="muted">Entre com a senha do painel: o valor de <code>ADMIN_TOKEN</code>.</p>
          ${fault === undefined ? nothing : html`<div class="notice bad" role="alert" id="falha">${fault}</div>`}
          <label for="senha">Senha</label>
          <input
            id="senha"
            name="senha"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            maxlength="500"
            ${fault === undefined ? nothing : html`aria-invalid="true" aria-describedby="falha"`}
          />
          <input type="hidden" name="volta" value="${back}" />
          <button class="primary">Entrar</button>
        </form>`
      )}`,
      { contentType: "text/html; charset=utf-8", status }
    )
  )

/** Only a page of the panel: never an address that somebody else put behind `volta`. */
const backOf = (text: string | null): string =>
  text !== null && /^\/admin(\/[\w./~%@-]*)?(\?[\w=&%.~:@+-]*)?$/.test(text) ? text : "/admin"

export const showLogin = Effect.gen(function* () {
  const sessions = yield* PanelSession
  const request = yield* HttpServerRequest.HttpServerRequest
  const back = backOf(new URL(request.url, "http://painel").searchParams.get("volta"))
  if ((yield* sessions.read(request.cookies[cookieName])) !== undefined) return redirect(back)
  return loginPage(back, undefined)
})

const isPrivate = /^(::1|f[cd]|fe80|(::ffff:)?(127|10|192\.168|172\.(1[6-9]|2\d|3[01]))\.)/i

/** The visitor's own address; behind a proxy of this network, what that proxy wrote last. */
const addressOf = (request: HttpServerRequest.HttpServerRequest): string => {
  const peer = nodeRequest(request).socket.remoteAddress ?? ""
  const forwarded = request.headers["x-forwarded-for"]?.split(",").at(-1)?.trim() ?? ""
  return isPrivate.test(peer) && forwarded !== "" ? forwarded.slice(0, 45) : peer
}

const isSecure = (request: HttpServerRequest.HttpServerRequest): boolean =>
  request.headers["x-forwarded-proto"] === "https" || "encrypted" in nodeRequest(request).socket

const wrong = (left: number) =>
  left === 0
    ? "Senha errada. Espere 5 minutos para tentar de novo."
    : `Senha errada. ${left === 1 ? "Resta 1 tentativa" : `Restam ${left} tentativas`} antes de uma pausa de 5 minutos.`

export const login = Effect.gen(function* () {
  const auth = yield* AdminAuth
  const attempts = yield* LoginAttempts
  const flood = yield* FloodGuard
  const sessions = yield* PanelSession
  const request = yield* HttpServerRequest.HttpServerRequest
  const form = new URLSearchParams(yield* request.text)
  const back = backOf(form.get("volta"))
  const site = request.headers["sec-fetch-site"] ?? "none"
  if (site !== "none" && site !== "same-origin") return loginPage(back, "Abra esta página de novo para entrar.", 403)
  const address = addressOf(request)
  const judged = yield* attempts.judge(address, () => auth.accepts((form.get("senha") ?? "").trim()))
  switch (judged._tag) {
    case "Wait":
      return loginPage(back, `Houve tentativas demais daqui. Espere ${judged.minutes} min e tente de novo.`, 429)
    case "Wrong":
      yield* flood.warn("panel:login", `Senha errada no painel, de ${address}`)
      return loginPage(back, wrong(judged.left), 401)
    case "Accepted": {
      yield* Log.info(`[PAINEL] Alguém entrou no painel, de ${address}`)
      const session = yield* sessions.open
      return HttpServerResponse.setCookieUnsafe(redirect(back), cookieName, session.value, {
        httpOnly: true,
        sameSite: "lax",
        secure: isSecure(request),
        path: "/admin",
        maxAge: session.validSeconds * 1000
      })
    }
  }
})

export const leave = Effect.succeed(
  HttpServerResponse.expireCookieUnsafe(redirect("/admin/entrar"), cookieName, { path: "/admin" })
)
