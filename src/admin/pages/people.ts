import { Effect } from "effect"
import { Bots } from "../../bots/Bots.ts"
import { notFound } from "../../bots/refusals.ts"
import { sheet } from "../../http/handlers/lists.ts"
import { type EventView, ListsRepo, userStatuses, UserView } from "../../repo/ListsRepo.ts"
import { PaymentsRepo } from "../../repo/PaymentsRepo.ts"
import { Erasure } from "../../tracking/Erasure.ts"
import { exactMoment, moment } from "../format.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import { dateFilters, listQueryOf, personFilter } from "../listQuery.ts"
import type { Session } from "../PanelSession.ts"
import { select } from "../parts/fields.ts"
import { botFilter, filterForm } from "../parts/filters.ts"
import { money, paymentTable } from "../parts/payment.ts"
import { badge, card, doneNotice, empty, facts, pager, table, withQuery } from "../parts/ui.ts"
import { attachment, page, redirect } from "../respond.ts"
import { get, post } from "../visit.ts"

const here = "/admin/pessoas"

const statusWords: Readonly<Record<(typeof userStatuses)[number], string>> = {
  active: "Recebem mensagens",
  blocked: "Bloquearam o bot",
  opted_out: "Pediram para não receber ofertas",
  paid: "Já pagaram"
}

export const peoplePages = Effect.gen(function* () {
  const bots = yield* Bots
  const erasure = yield* Erasure
  const lists = yield* ListsRepo
  const payments = yield* PaymentsRepo

  return [
    get(here, (visit) =>
      Effect.gen(function* () {
        const { query, session } = visit
        const asked = listQueryOf(visit, userStatuses)
        const { items, next_cursor } = yield* lists.users(asked.query)
        const fields = html`${botFilter(bots.all(), query)}
        ${select("situacao", "Situação", [["", "Todas"], ...userStatuses.map((status) => [status, statusWords[status]] as const)], { value: query["situacao"] ?? "" })}
        ${personFilter(query)} ${dateFilters(query)}`
        const list =
          items.length === 0
            ? empty(
                Object.keys(query).length === 0
                  ? "Ninguém falou com os bots ainda. Divulgue o link de um deles."
                  : "Ninguém com estes filtros."
              )
            : html`${peopleTable(items)} ${pager(here, query, next_cursor)}`
        const csvLink = html`<a
          class="button small"
          href="${withQuery("/admin/pessoas/planilha", { ...query, cursor: undefined })}"
          >Baixar planilha (CSV)</a
        >`
        const body = html`${doneNotice(query)} ${asked.complaint} ${filterForm(here, fields, query)}
        ${card("Pessoas", list, csvLink)}`
        return page(session, { title: "Pessoas", here, body })
      })
    ),
    get("/admin/pessoas/planilha", (visit) => {
      const { query } = listQueryOf(visit, userStatuses)
      return Effect.succeed(
        attachment(sheet(lists.users, { ...query, limit: undefined }, Object.keys(UserView.fields)), "pessoas.csv")
      )
    }),
    get("/admin/pessoas/:bot/:id", ({ params, query, session }) =>
      Effect.gen(function* () {
        const bot = params["bot"] ?? ""
        const telegramId = numberOf(params["id"])
        const asked = { bot, telegramId, limit: 100 }
        const [people, events, bought] = yield* Effect.all(
          [lists.users({ ...asked, limit: 1 }), lists.events(asked), payments.list({ ...asked, limit: 50 })],
          { concurrency: "unbounded" }
        )
        const [person] = people.items
        if (person === undefined && bought.items.length === 0)
          return yield* notFound("Este bot não conhece esta pessoa.")
        const body = html`${doneNotice(query)}
          ${person === undefined ? nothing : card("Resumo", about(person), states(person))}
          ${card("Pagamentos", bought.items.length === 0 ? empty("Ainda não gerou nenhum PIX.") : paymentTable(bought.items))}
          ${card("A história", story(events.items))} ${person === undefined ? nothing : eraseCard(session, person)}
          <p><a href="${withQuery(here, { bot })}">Todas as pessoas de ${bot}</a></p>`
        return page(session, { title: person?.name ?? `Pessoa ${telegramId}`, here, body })
      })
    ),
    post("/admin/pessoas/:bot/:id/apagar", ({ params }) =>
      Effect.map(erasure.erase(params["bot"] ?? "", numberOf(params["id"])), () =>
        redirect(withQuery(here, { bot: params["bot"], feito: "esquecido" }))
      )
    )
  ]
})

const states = (person: UserView): Html =>
  html`<span class="row">
    ${person.has_paid ? badge("ok", "já pagou") : nothing} ${person.blocked ? badge("bad", "bloqueou o bot") : nothing}
    ${person.opted_out ? badge("warn", "não quer ofertas") : nothing}
  </span>`

const peopleTable = (people: ReadonlyArray<UserView>): Html =>
  table(
    "Pessoas",
    ["Pessoa", "Situação", "Bot", "Chegou", "Última vez"],
    people.map(
      (person) =>
        html`<tr>
          <td>
            <a href="/admin/pessoas/${person.bot}/${person.telegram_id}">${person.name ?? "sem nome"}</a><br />
            <span class="muted">${person.username === null ? person.telegram_id : `@${person.username}`}</span>
          </td>
          <td>${states(person)}</td>
          <td>${person.bot}</td>
          <td class="nowrap">${moment(person.first_seen_at)}</td>
          <td class="nowrap">${moment(person.last_seen_at)}</td>
        </tr>`
    )
  )

const about = (person: UserView): Html =>
  facts([
    ["Número no Telegram", person.telegram_id],
    ["Usuário", person.username === null ? null : `@${person.username}`],
    ["Bot", html`<a href="/admin/bots/${person.bot}">${person.bot}</a>`],
    ["Idioma", person.language_code],
    ["Chegou em", moment(person.first_seen_at)],
    ["Último /start", person.last_start_at === null ? null : moment(person.last_start_at)],
    ["Última vez", moment(person.last_seen_at)],
    ["Sessão do clique", person.session_id]
  ])

const eventWords: Readonly<Record<string, string>> = {
  presell_view: "Viu a página",
  to_bot_click: "Clicou para ir ao bot",
  bot_start: "Entrou no bot (/start)",
  pix_created: "Gerou um PIX",
  pix_paid: "Pagou o PIX",
  pix_refunded: "Teve o dinheiro devolvido",
  pix_charged_back: "Contestou o pagamento no banco",
  bot_interaction: "Usou o bot",
  bot_session_end: "Saiu do bot"
}

const story = (events: ReadonlyArray<EventView>): Html =>
  events.length === 0
    ? empty("Nada registrado desta pessoa.")
    : html`<ol class="story">
        ${events.map(
          (event) =>
            html`<li>
              <time datetime="${event.occurred_at}">${exactMoment(event.occurred_at)}</time>
              ${eventWords[event.event_name] ?? event.event_name}${event.value_cents === null ? nothing : html` de ${money(event.value_cents)}`}${
                event.payment_id === null
                  ? nothing
                  : html`, <a href="/admin/pagamentos/${event.payment_id}">pagamento nº ${event.payment_id}</a>`
              }
              ${origin(event)}
            </li>`
        )}
      </ol>`

const origin = (event: EventView): Html => {
  const marks = [event.utm_source, event.utm_medium, event.utm_campaign, event.utm_content, event.utm_term].filter(
    (mark) => mark !== null
  )
  return marks.length === 0 ? nothing : html`<span class="muted">veio de ${marks.join(" · ")}</span>`
}

const numberOf = (text: string | undefined): number => (/^\d{1,15}$/.test(text ?? "") ? Number(text) : 0)

const eraseCard = (session: Session, { bot, name, telegram_id }: UserView): Html =>
  card(
    "Apagar os dados desta pessoa (LGPD)",
    html`<p class="muted">
        O nome, as mensagens e os cliques somem. Os pagamentos ficam, sem dizer de quem são. Não dá para desfazer.
      </p>
      <form method="post" action="/admin/pessoas/${bot}/${telegram_id}/apagar">
        ${csrf(session)}
        <button class="danger" data-confirm="Apagar os dados de ${name ?? telegram_id}? Não dá para desfazer.">
          Apagar os dados
        </button>
      </form>`
  )
