import type { Bot } from "../../domain/bot.ts"
import { type Html, html, nothing } from "../html.ts"
import { select } from "./fields.ts"

type Query = Readonly<Record<string, string | undefined>>

export const botChoices = (bots: ReadonlyArray<Bot>): ReadonlyArray<readonly [string, string]> =>
  bots.map((bot) => [bot.slug, bot.name === bot.slug ? bot.slug : `${bot.name} (${bot.slug})`])

export const botFilter = (bots: ReadonlyArray<Bot>, query: Query): Html =>
  select("bot", "Bot", [["", "Todos os bots"], ...botChoices(bots)], { value: query["bot"] ?? "" })

/** A form that asks for the same page with other filters; it takes effect at once where there is JavaScript. */
export const filterForm = (path: string, fields: Html, query: Query): Html =>
  html`<form class="card filters" method="get" action="${path}" data-auto role="search">
    ${fields}
    <div class="field act">
      <button>Filtrar</button>
      ${Object.keys(query).length === 0 ? nothing : html`<a class="button quiet" href="${path}">Limpar</a>`}
    </div>
  </form>`

/** The bot of a page that is about one: the one asked for, else the first that works. */
export const chosenBot = (bots: ReadonlyArray<Bot>, query: Query): Bot | undefined =>
  query["bot"] === undefined
    ? (bots.find((bot) => bot.active) ?? bots[0])
    : bots.find((bot) => bot.slug === query["bot"])

export const botPicker = (path: string, bots: ReadonlyArray<Bot>, bot: Bot): Html =>
  bots.length < 2
    ? nothing
    : html`<form class="filters" method="get" action="${path}" data-auto>
        ${select("bot", "Bot", botChoices(bots), { value: bot.slug })}
        <div class="field act"><button>Ver</button></div>
      </form>`
