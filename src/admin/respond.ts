import { HttpServerResponse } from "effect/http"
import type { Problem } from "../http/problem.ts"
import { frame } from "./frame.ts"
import { type Html, html } from "./html.ts"
import type { Session } from "./PanelSession.ts"

// Nothing of another host, nothing written into the page: neither script nor style. What a stranger's name may hold
// would not run even if it got through.
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "media-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'"
].join("; ")

export const withPanelHeaders = (response: HttpServerResponse.HttpServerResponse) =>
  HttpServerResponse.setHeaders(response, {
    "content-security-policy": contentSecurityPolicy,
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    ...response.headers
  })

export const page = (session: Session, given: { title: string; here?: string; body: Html; status?: number }) =>
  HttpServerResponse.text(`${frame(session, given)}`, {
    contentType: "text/html; charset=utf-8",
    status: given.status ?? 200
  })

/** A part that htmx puts into its place. */
export const part = (body: Html, headers: Record<string, string> = {}) =>
  HttpServerResponse.text(`${body}`, { contentType: "text/html; charset=utf-8", headers })

/** After a form: the browser asks for the page anew, so that reloading does not send it twice. */
export const redirect = (path: string) => HttpServerResponse.empty({ status: 303, headers: { location: path } })

export const refusalPage = (session: Session, refusal: Problem, status: number) =>
  page(session, {
    title: status === 404 ? "Não encontrado" : "Não deu certo",
    status,
    body: html`<div class="notice bad" role="alert">${refusal.message}</div>
      <p><a class="button" href="/admin">Ir para a visão geral</a></p>`
  })

/** The same answer, kept as a file. */
export const attachment = (response: HttpServerResponse.HttpServerResponse, name: string) =>
  HttpServerResponse.setHeader(response, "content-disposition", `attachment; filename="${name}"`)
