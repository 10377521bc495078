import { assetPath } from "./assets.ts"
import { type Html, html, nothing } from "./html.ts"
import type { Session } from "./PanelSession.ts"

const places = [
  ["/admin", "Visão geral"],
  ["/admin/bots", "Bots"],
  ["/admin/mensagens", "Mensagens"],
  ["/admin/downsells", "Downsells"],
  ["/admin/shots", "Shots"],
  ["/admin/pagamentos", "Pagamentos"],
  ["/admin/pessoas", "Pessoas"],
  ["/admin/entregas", "Entregas"],
  ["/admin/ao-vivo", "Ao vivo"],
  ["/admin/ajustes", "Ajustes"]
] as const

const htmxConfig = JSON.stringify({
  allowEval: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyCacheSize: 0,
  scrollIntoViewOnBoost: false
})

const head = (title: string): Html =>
  html`<head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <meta name="robots" content="noindex" />
    <meta name="htmx-config" content="${htmxConfig}" />
    <title>${title} · Funil</title>
    <link rel="icon" href="${assetPath("icon.svg")}" type="image/svg+xml" />
    <link rel="stylesheet" href="${assetPath("panel.css")}" />
    <script src="${assetPath("htmx.js")}" defer></script>
    <script src="${assetPath("panel.js")}" defer></script>
  </head>`

const brand = html`<a class="brand" href="/admin"
  ><svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M7 8h18l-7 9v6l-4 2v-8z" />
  </svg>
  Funil</a
>`

const link = (here: string, [path, name]: (typeof places)[number]): Html =>
  html`<li><a href="${path}" ${here === path ? html`aria-current="page"` : nothing}>${name}</a></li>`

/** Every page of who is logged in. */
export const frame = (session: Session, given: { title: string; here?: string; body: Html }): Html =>
  html`<!doctype html>
    <html lang="pt-BR">
      ${head(given.title)}
      <body hx-headers="${JSON.stringify({ "x-csrf-token": session.csrf })}">
        <a class="skip" href="#conteudo">Pular para o conteúdo</a>
        <header class="top">
          ${brand}
          <nav aria-label="Páginas">
            <ul>
              ${places.map((place) => link(given.here ?? "", place))}
            </ul>
          </nav>
          <form method="post" action="/admin/sair" class="leave">
            ${csrf(session)}<button class="quiet">Sair</button>
          </form>
        </header>
        <main id="conteudo" tabindex="-1">
          <h1>${given.title}</h1>
          ${given.body}
        </main>
      </body>
    </html>`

/** A page of who is not. */
export const outside = (title: string, body: Html): Html =>
  html`<!doctype html>
    <html lang="pt-BR">
      ${head(title)}
      <body class="outside">
        <main id="conteudo">${body}</main>
      </body>
    </html>`

export const csrf = (session: Session): Html => html`<input type="hidden" name="_csrf" value="${session.csrf}" />`
