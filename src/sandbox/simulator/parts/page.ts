import { type Html, html } from "../html.ts"
import type { Seller } from "../Seller.ts"

/** The page around everything that moves; `page/simulator.js` fills it from `/live`. */
export const page = ({ botName, slug, url }: Seller): Html =>
  html`<!doctype html>
    <html lang="pt-BR">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Simulador do Funil: ${botName}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="simulator.css" />
        <script type="module" src="simulator.js"></script>
      </head>
      <body>
        <header class="top">
          <h1>Simulador <small>nada aqui é cobrado: Telegram e gateway são imitações no seu computador</small></h1>
          <nav aria-label="Funil">
            <a href="${url}/admin" target="_blank">Painel</a>
            <a href="${url}/p/${slug}?utm_source=simulador" target="_blank">Presell</a>
            <a href="${url}/docs" target="_blank">API</a>
          </nav>
          <button data-do="people" data-body="{}">+ Nova pessoa</button>
        </header>
        <main>
          <div id="phones" class="phones" tabindex="0" aria-label="Pessoas" role="group"></div>
          <aside>
            <section aria-labelledby="funnel-title">
              <h2 id="funnel-title">Funil</h2>
              <div id="funnel"></div>
            </section>
            <section class="log" aria-labelledby="log-title">
              <h2 id="log-title">O que o serviço registrou <small>toque numa linha para ver os detalhes</small></h2>
              <ol id="log" tabindex="0" aria-label="Registro"></ol>
            </section>
          </aside>
        </main>
        <div id="notice" role="status"></div>
      </body>
    </html>`
