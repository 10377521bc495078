import { type Html, html, nothing } from "../html.ts"

type Tab = readonly [key: string, path: string, words: string]

/** The pages that belong together, above each of them. */
export const tabs = (label: string, all: ReadonlyArray<Tab>, current: string): Html =>
  html`<nav class="tabs" aria-label="${label}">
    <ul>
      ${all.map(
        ([key, path, words]) =>
          html`<li><a href="${path}" ${key === current ? html`aria-current="page"` : nothing}>${words}</a></li>`
      )}
    </ul>
  </nav>`

export const botTabs = (slug: string, current: "bot" | "presell" | "tracking" | "funnel"): Html =>
  tabs(
    "Páginas deste bot",
    [
      ["bot", `/admin/bots/${slug}`, "Bot"],
      ["presell", `/admin/bots/${slug}/presell`, "Página de vendas"],
      ["tracking", `/admin/bots/${slug}/rastreamento`, "Pixel e UTMify"],
      ["funnel", `/admin/bots/${slug}/funil`, "Copiar e exportar"]
    ],
    current
  )

export const deliveryTabs = (current: "sent" | "received"): Html =>
  tabs(
    "Entregas",
    [
      ["sent", "/admin/entregas", "O que sai"],
      ["received", "/admin/entregas/recebidas", "Recebidas que falharam"]
    ],
    current
  )
