import type { FieldProblems } from "../../domain/admin.ts"
import type { ShotAction, ShotFilters, ShotStatus, ShotView } from "../../domain/shot.ts"
import { clock, count, dateOf, duration, formatBrl, localInput, moment } from "../format.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import type { Session } from "../PanelSession.ts"
import { bar } from "./charts.ts"
import { check, input, select } from "./fields.ts"
import { badge, facts, notice, type Tone } from "./ui.ts"

const states: Readonly<Record<ShotStatus, readonly [Tone, string]>> = {
  draft: ["calm", "rascunho"],
  scheduled: ["warn", "agendado"],
  sending: ["ok", "enviando"],
  paused: ["warn", "pausado"],
  done: ["ok", "terminou"],
  canceled: ["calm", "cancelado"]
}

export const shotBadge = (status: ShotStatus): Html => badge(...states[status])

export const audiences = [
  ["all", "Todas as pessoas do bot"],
  ["started", "Quem entrou no bot (/start)"],
  ["pix_unpaid", "Quem gerou PIX e não pagou"],
  ["paid", "Quem já pagou"],
  ["never_paid", "Quem nunca pagou"]
] as const

const utmNames = [
  ["source", "Origem (utm_source)"],
  ["medium", "Meio (utm_medium)"],
  ["campaign", "Campanha (utm_campaign)"],
  ["content", "Conteúdo (utm_content)"],
  ["term", "Termo (utm_term)"]
] as const

/** What a shot's form holds besides the message. */
export interface ShotForm {
  readonly title: string
  readonly scheduled_at: string
  readonly audience: string
  readonly since: string
  readonly until: string
  readonly utm: Readonly<Record<string, string>>
  readonly excludeBlocked: boolean
}

export const shotFormOf = (shot: Pick<ShotView, "title" | "scheduled_at" | "filters">): ShotForm => ({
  title: shot.title,
  scheduled_at: shot.scheduled_at === null ? "" : localInput(shot.scheduled_at),
  audience: shot.filters.audience ?? "all",
  since: shot.filters.since === undefined ? "" : dateOf(new Date(shot.filters.since)),
  until: shot.filters.until === undefined ? "" : dateOf(new Date(Date.parse(shot.filters.until) - 1)),
  utm: { ...shot.filters.utm },
  excludeBlocked: shot.filters.exclude_blocked !== false
})

export const readShotForm = (form: URLSearchParams): ShotForm => ({
  title: form.get("title") ?? "",
  scheduled_at: form.get("scheduled_at") ?? "",
  audience: form.get("audience") ?? "all",
  since: form.get("since") ?? "",
  until: form.get("until") ?? "",
  utm: Object.fromEntries(
    utmNames.flatMap(([name]) => (form.get(`utm.${name}`) ? [[name, form.get(`utm.${name}`) ?? ""]] : []))
  ),
  excludeBlocked: form.has("exclude_blocked")
})

export const filtersOf = (given: ShotForm): unknown => ({
  audience: given.audience,
  ...(given.since === "" ? {} : { since: given.since }),
  ...(given.until === "" ? {} : { until: given.until }),
  ...(Object.keys(given.utm).length === 0 ? {} : { utm: given.utm }),
  exclude_blocked: given.excludeBlocked
})

export const shotFields = (slug: string, given: ShotForm, faults: FieldProblems): Html =>
  html`${input("title", "Título", { value: given.title, faults, required: true, maxlength: 200, hint: "Só você vê." })}
    <fieldset>
      <legend>Para quem</legend>
      <div class="filters">
        ${select("audience", "Público", audiences, { value: given.audience, faults, path: "filters.audience" })}
        ${input("since", "Desde", { type: "date", value: given.since, faults, path: "filters.since" })}
        ${input("until", "Até", { type: "date", value: given.until, faults, path: "filters.until" })}
      </div>
      <details ${Object.keys(given.utm).length > 0 ? html`open` : nothing}>
        <summary>Só quem veio de (UTM)</summary>
        <div class="filters">
          ${utmNames.map(([name, label]) => input(`utm.${name}`, label, { value: given.utm[name] ?? "", faults, path: `filters.utm.${name}`, maxlength: 500 }))}
        </div>
      </details>
      ${check("exclude_blocked", "Pular quem bloqueou o bot", given.excludeBlocked)}
      <p
        id="publico"
        role="status"
        hx-post="/admin/shots/${slug}/publico"
        hx-include="#editor"
        hx-trigger="load, change from:#editor delay:200ms"
      >
        <button name="op" value="count">Contar as pessoas</button>
      </p>
    </fieldset>
    ${input("scheduled_at", "Começar em", {
      type: "datetime-local",
      value: given.scheduled_at,
      faults,
      hint: "Hora de Brasília. Vazio: fica como rascunho até você começar."
    })}`

export const peopleWords = (people: number): Html =>
  people === 1 ? html`<b>1 pessoa</b> receberia agora.` : html`<b>${count(people)} pessoas</b> receberiam agora.`

const running = (status: ShotStatus): boolean => status === "sending"

/** How far a shot has come; asks again by itself while it runs. */
export const shotProgress = (slug: string, shot: ShotView): Html => {
  const again = running(shot.status)
    ? html`hx-get="/admin/shots/${slug}/${shot.id}/andamento" hx-trigger="every 2s" hx-swap="outerHTML"`
    : nothing
  return html`<div id="andamento" ${again}>
    <p>${shotBadge(shot.status)} ${sentence(shot)}</p>
    ${shot.stop_reason === null ? nothing : notice("warn", shot.stop_reason)}
    ${shot.started_at === null ? nothing : numbers(shot)}
  </div>`
}

const numbers = (shot: ShotView): Html => {
  const { counts, progress } = shot
  return html`${bar(progress.percent / 100)}
    <div class="tiles">
      ${tile("Enviadas", counts.sent)} ${tile("Esperando", counts.pending)} ${tile("Bloquearam", counts.blocked)}
      ${tile("Puladas", counts.skipped)} ${tile("Falharam", counts.failed)} ${tile("Sem certeza", counts.ambiguous)}
    </div>
    ${facts([
      ["Pessoas", count(counts.total)],
      ["Ritmo", progress.per_second === null ? null : `${progress.per_second} por segundo`],
      ["Termina por volta de", progress.expected_end === null ? null : clock(new Date(progress.expected_end))],
      ["Vendas", count(shot.sales)],
      ["Receita", formatBrl(shot.revenue_cents)],
      ["Começou", shot.started_at === null ? null : moment(shot.started_at)],
      ["Terminou", shot.completed_at === null ? null : moment(shot.completed_at)]
    ])}`
}

const tile = (name: string, value: number): Html =>
  html`<div class="tile"><span>${name}</span><b>${count(value)}</b></div>`

const sentence = ({ completed_at, counts, progress, scheduled_at, started_at, status }: ShotView): string => {
  if (status === "draft") return "Ainda não começou."
  if (status === "scheduled") return hourWords(scheduled_at)
  const done = `${count(counts.total - counts.pending)} de ${count(counts.total)} (${progress.percent} %).`
  if (status !== "done" || started_at === null || completed_at === null) return done
  return `${done} Levou ${duration((Date.parse(completed_at) - Date.parse(started_at)) / 1000)}.`
}

const hourWords = (scheduledAt: string | null): string => {
  if (scheduledAt === null) return "Espera a hora."
  return Date.parse(scheduledAt) < Date.now() - 60_000
    ? `A hora marcada, ${moment(scheduledAt)}, já passou. Comece agora ou marque outra.`
    : `Começa em ${moment(scheduledAt)}.`
}

const actions: ReadonlyArray<readonly [ShotAction, string, string, ReadonlyArray<ShotStatus>]> = [
  ["start", "Começar agora", "Começar o disparo agora?", ["draft", "scheduled"]],
  ["pause", "Pausar", "", ["sending", "scheduled"]],
  ["resume", "Continuar", "", ["paused"]],
  ["cancel", "Cancelar", "Cancelar o disparo? Quem ainda espera não recebe.", ["scheduled", "sending", "paused"]]
]

export const shotActions = (session: Session, slug: string, shot: ShotView): Html => {
  const form = (name: string, words: string, question: string, look: string) =>
    html`<form method="post" action="/admin/shots/${slug}/${shot.id}/${name}">
      ${csrf(session)}<button class="${look}" ${question === "" ? nothing : html`data-confirm="${question}"`}>
        ${words}
      </button>
    </form>`
  return html`<div class="row">
    ${actions.filter(([, , , from]) => from.includes(shot.status)).map(([name, words, question]) => form(name, words, question, name === "start" || name === "resume" ? "primary" : name === "cancel" ? "danger" : ""))}
    ${form("duplicate", "Duplicar", "", "")}
    ${shot.status === "draft" || shot.status === "scheduled" ? form("remove", "Apagar", "Apagar este disparo?", "danger") : nothing}
  </div>`
}

export const audienceWords = (filters: ShotFilters): string =>
  audiences.find(([name]) => name === (filters.audience ?? "all"))?.[1] ?? "Todas as pessoas do bot"
