import { Clock, Effect, Result } from "effect"
import { Bots } from "../../bots/Bots.ts"
import { BotAdmin } from "../../bots/BotAdmin.ts"
import type { BotView } from "../../domain/admin.ts"
import { Metrics } from "../../metrics/Metrics.ts"
import type { MetricsView } from "../../metrics/model.ts"
import { defaultZone, parsePeriod, type Period } from "../../metrics/period.ts"
import { type Speed, speeds } from "../../metrics/speeds.ts"
import { count, dateOf, duration, formatBrl, percent } from "../format.ts"
import { type Html, html, nothing } from "../html.ts"
import { funnelChart, revenueChart } from "../parts/charts.ts"
import { input } from "../parts/fields.ts"
import { botFilter, filterForm } from "../parts/filters.ts"
import { badge, card, doneNotice, empty, notice, table } from "../parts/ui.ts"
import { page } from "../respond.ts"
import { get } from "../visit.ts"

const dayMs = 86_400_000
const utmFields = [
  ["utm_source", "Origem (utm_source)"],
  ["utm_medium", "Meio (utm_medium)"],
  ["utm_campaign", "Campanha (utm_campaign)"],
  ["utm_content", "Conteúdo (utm_content)"],
  ["utm_term", "Termo (utm_term)"]
] as const

export const overviewPages = Effect.gen(function* () {
  const admin = yield* BotAdmin
  const bots = yield* Bots
  const metrics = yield* Metrics

  const overview = get("/admin", ({ query, session }) =>
    Effect.gen(function* () {
      const now = new Date(yield* Clock.currentTimeMillis)
      const from = query["from"] ?? dateOf(new Date(now.getTime() - 6 * dayMs))
      const to = query["to"] ?? dateOf(now)
      const given = parsePeriod({ from, to }, now)
      const lastDays = dateOf(new Date(now.getTime() - dayMs))
      const period = Result.isSuccess(given) ? given.success : parseDays(lastDays, dateOf(now), now)
      const bot = bots.all().some(({ slug }) => slug === query["bot"]) ? query["bot"] : undefined
      const utm = Object.fromEntries(utmFields.flatMap(([name]) => (query[name] ? [[name, query[name]]] : [])))
      const [whole, recent, views] = yield* Effect.all(
        [
          metrics.funnel({ ...period, bot, utm, group: "day" }),
          metrics.funnel({ ...parseDays(lastDays, dateOf(now), now), bot, utm, group: "day" }),
          admin.list
        ],
        { concurrency: "unbounded" }
      )
      const fields = html`${botFilter(bots.all(), query)} ${input("from", "De", { type: "date", value: from })}
      ${input("to", "Até", { type: "date", value: to })} ${utmFilter(query)}`
      const body = html`${doneNotice(query)} ${attention(views)} ${filterForm("/admin", fields, query)}
      ${Result.isFailure(given) ? notice("bad", Object.values(given.failure).join(" ")) : nothing}
      ${views.length === 0 ? firstSteps : html`${today(recent, dateOf(now), lastDays)} ${numbers(whole, period)}`}
      ${card("Velocidade", speedTable(speeds()))}`
      return page(session, { title: "Visão geral", here: "/admin", body })
    })
  )
  return [overview]
})

const parseDays = (from: string, to: string, now: Date): Period => {
  const parsed = parsePeriod({ from, to }, now)
  return Result.isSuccess(parsed) ? parsed.success : { from: new Date(now.getTime() - dayMs), to: now, tz: defaultZone }
}

const utmFilter = (query: Readonly<Record<string, string | undefined>>): Html =>
  html`<details ${utmFields.some(([name]) => query[name]) ? html`open` : nothing} class="field">
    <summary>De onde vieram (UTM)</summary>
    ${utmFields.map(([name, label]) => input(name, label, { value: query[name] ?? "", maxlength: 500 }))}
  </details>`

const firstSteps = card(
  "Comece por aqui",
  empty(
    "Ainda não há nenhum bot. Crie um no Telegram com o @BotFather, copie o token e cadastre aqui.",
    html`<a class="button primary" href="/admin/bots/novo">Cadastrar o primeiro bot</a>`
  )
)

/** What stands in the way of sales right now. */
const attention = (views: ReadonlyArray<BotView>): Html => {
  const troubled = views.flatMap((bot) => {
    const words = bot.active ? bot.webhook.error : bot.inactive_reason
    return words === null ? [] : [html`<p><a href="/admin/bots/${bot.slug}">${bot.name}</a>: ${words}</p>`]
  })
  return troubled.length === 0 ? nothing : notice("warn", html`${troubled}`)
}

const tile = (name: string, value: string, more: string): Html =>
  html`<div class="tile"><span>${name}</span><b>${value}</b><span>${more}</span></div>`

const today = (recent: MetricsView, todayKey: string, yesterdayKey: string): Html => {
  const of = (key: string) => {
    const group = recent.groups.find((one) => one.key === key)
    const people = (event: string) => group?.funnel.find((step) => step.event === event)?.unique ?? 0
    return {
      revenue: group?.revenue_cents ?? 0,
      starts: people("bot_start"),
      pix: people("pix_created"),
      paid: people("pix_paid")
    }
  }
  const [now, before] = [of(todayKey), of(yesterdayKey)]
  return html`<h2 class="hidden">Hoje, ao lado de ontem</h2>
    <div class="tiles">
      ${tile("Receita hoje", formatBrl(now.revenue), `ontem ${formatBrl(before.revenue)}`)}
      ${tile("Pagaram hoje", count(now.paid), `ontem ${count(before.paid)}`)}
      ${tile("Geraram PIX hoje", count(now.pix), `ontem ${count(before.pix)}`)}
      ${tile("Entraram hoje", count(now.starts), `ontem ${count(before.starts)}`)}
    </div>`
}

const numbers = (view: MetricsView, period: Period): Html => {
  const people = (event: string) => view.funnel.find((step) => step.event === event)
  if (view.funnel.every((step) => step.events === 0)) {
    return card(
      "Funil",
      empty("Ninguém passou pelo funil neste período. Divulgue o link do bot ou escolha outras datas.")
    )
  }
  return html`<div class="grid">
      ${card("Funil", funnelChart(view.funnel))} ${card("Receita por dia", revenueChart(daysOf(period), view.groups))}
    </div>
    <div class="tiles">
      ${tile("Receita no período", formatBrl(view.revenue_cents), `devolvido ${formatBrl(view.refunded_cents)}`)}
      ${tile("Ticket médio", formatBrl(view.average_ticket_cents), "por pagamento")}
      ${tile("Pagaram o PIX", percent(people("pix_paid")?.step_conversion ?? 0), "de quem gerou")}
      ${tile("Até gerar o PIX", duration(view.time_to_pix_seconds.p50), "na metade dos casos")}
      ${tile("Até pagar", duration(view.time_to_pay_seconds.p50), "na metade dos casos")}
      ${tile("Tempo no bot", duration(view.time_in_bot_seconds.p50), "na metade dos casos")}
    </div>`
}

/** Five years of bars are more than a page holds: beyond this the days are those of its end. */
const maxDays = 92

const daysOf = ({ from, to }: Period): ReadonlyArray<string> => {
  const days = new Set<string>()
  const begin = Math.max(from.getTime(), to.getTime() - maxDays * dayMs)
  for (let at = begin; at < to.getTime(); at += dayMs / 2) days.add(dateOf(new Date(at)))
  return [...days]
}

const speedTable = (all: ReadonlyArray<Speed>): Html =>
  html`<p class="muted">95 de cada 100 ficam abaixo deste tempo, desde que este servidor ligou.</p>
    ${table(
      "Velocidade",
      ["O quê", "Agora", "Meta", "Situação"],
      all.map(
        ({ count: seen, goalMs, name, p95Ms }) =>
          html`<tr>
            <td>${name}</td>
            <td class="nowrap">
              ${p95Ms === undefined ? "ainda sem medida" : html`${milliseconds(p95Ms)} <span class="muted">(${count(seen)})</span>`}
            </td>
            <td class="nowrap">até ${milliseconds(goalMs)}</td>
            <td>
              ${p95Ms === undefined ? nothing : p95Ms <= goalMs ? badge("ok", "dentro da meta") : badge("bad", "acima da meta")}
            </td>
          </tr>`
      )
    )}`

const milliseconds = (ms: number): string =>
  ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1).replace(".", ",")} s`
