import { Effect } from "effect"
import { Bots } from "../../bots/Bots.ts"
import { conflict, notFound } from "../../bots/refusals.ts"
import { DeliveryView } from "../../domain/payment.ts"
import { replayRefusals } from "../../http/handlers/deliveries.ts"
import { sheet } from "../../http/handlers/lists.ts"
import * as Log from "../../log/Log.ts"
import { OutboxRepo } from "../../repo/OutboxRepo.ts"
import { UpdatesRepo } from "../../repo/UpdatesRepo.ts"
import { Outbox } from "../../tracking/Outbox.ts"
import { moment } from "../format.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import { dateFilters, listQueryOf, personFilter } from "../listQuery.ts"
import { select } from "../parts/fields.ts"
import { botFilter, filterForm } from "../parts/filters.ts"
import { deliveryTabs } from "../parts/tabs.ts"
import { destinationWords, sentWords } from "../parts/payment.ts"
import type { Session } from "../PanelSession.ts"
import { badge, card, doneNotice, empty, notice, pager, table, withQuery } from "../parts/ui.ts"
import { attachment, page, redirect } from "../respond.ts"
import { get, post } from "../visit.ts"

const here = "/admin/entregas"
const statuses = DeliveryView.fields.status.literals

const states = {
  pending: badge("calm", "na fila"),
  sent: badge("ok", "chegou"),
  failed: badge("bad", "falhou")
} as const

export const deliveryPages = Effect.gen(function* () {
  const bots = yield* Bots
  const outbox = yield* OutboxRepo
  const queue = yield* Outbox
  const updates = yield* UpdatesRepo

  return [
    get(here, (visit) =>
      Effect.gen(function* () {
        const { query, session } = visit
        const asked = listQueryOf(visit, statuses)
        const { items, next_cursor } = yield* outbox.list(asked.query)
        const dead = yield* updates.list({ status: "dead", limit: 1 })
        const waiting =
          dead.items.length === 0
            ? nothing
            : notice(
                "warn",
                html`Há mensagens recebidas que falharam de vez.
                  <a href="/admin/entregas/recebidas">Ver por que, e tentar de novo</a>`
              )
        const fields = html`${botFilter(bots.all(), query)}
        ${select(
          "situacao",
          "Situação",
          [
            ["", "Todas"],
            ["pending", "Na fila"],
            ["sent", "Chegaram"],
            ["failed", "Falharam"]
          ],
          { value: query["situacao"] ?? "" }
        )}
        ${personFilter(query)} ${dateFilters(query)}`
        const list =
          items.length === 0
            ? empty(
                Object.keys(query).length === 0
                  ? "Nada saiu ainda. Entregas ao comprador e avisos à Meta e à UTMify aparecem aqui."
                  : "Nenhuma entrega com estes filtros."
              )
            : html`${deliveryTable(session, items)} ${pager(here, query, next_cursor)}`
        const csvLink = html`<a
          class="button small"
          href="${withQuery("/admin/entregas/planilha", { ...query, cursor: undefined })}"
          >Baixar planilha (CSV)</a
        >`
        const body = html`${deliveryTabs("sent")} ${doneNotice(query)} ${waiting} ${asked.complaint}
        ${filterForm(here, fields, query)} ${card("Entregas", list, csvLink)}`
        return page(session, { title: "Entregas", here, body })
      })
    ),
    get("/admin/entregas/planilha", (visit) => {
      const { query } = listQueryOf(visit, statuses)
      return Effect.succeed(
        attachment(sheet(outbox.list, { ...query, limit: undefined }, Object.keys(DeliveryView.fields)), "entregas.csv")
      )
    }),
    post("/admin/entregas/:id/reenviar", ({ params }) =>
      Effect.gen(function* () {
        const id = /^\d{1,15}$/.test(params["id"] ?? "") ? Number(params["id"]) : 0
        const replay = yield* outbox.replay(id)
        if (replay._tag !== "Replayed") {
          const { error, message } = replayRefusals[replay._tag]
          return yield* error === "not_found" ? notFound(message) : conflict(message)
        }
        const { delivery } = replay
        yield* Log.info(`[TRACKING][FILA] A entrega ${id} para ${delivery.destination} voltou para a fila`, {
          destination: delivery.destination,
          event_name: delivery.event_name,
          payment_id: delivery.payment_id
        })
        yield* queue.retryNow(delivery.destination)
        return redirect(withQuery(here, { feito: "reenviado" }))
      })
    )
  ]
})

const deliveryTable = (session: Session, items: ReadonlyArray<DeliveryView>): Html =>
  table(
    "Entregas",
    ["O quê", "Para", "Situação", "Tentativas", "Quando"],
    items.map(
      (one) =>
        html`<tr>
          <td>
            ${sentWords(one.event_name)}
            ${one.payment_id === null ? nothing : html`<br /><a href="/admin/pagamentos/${one.payment_id}">pagamento nº ${one.payment_id}</a>`}
          </td>
          <td>${destinationWords(one.destination)}</td>
          <td>
            ${states[one.status]} ${one.last_error === null ? nothing : html`<br />${one.last_error}`}
            ${one.status === "failed" ? replayForm(session, one) : nothing}
          </td>
          <td>
            ${one.attempts}${one.status === "pending" && one.attempts > 0 ? html`<br /><span class="muted">de novo ${moment(one.next_attempt_at)}</span>` : nothing}
          </td>
          <td class="nowrap">${moment(one.created_at)}</td>
        </tr>`
    )
  )

const replayForm = (session: Session, { id }: DeliveryView): Html =>
  html`<form method="post" action="/admin/entregas/${id}/reenviar">
    ${csrf(session)}<button class="small" aria-label="Enviar de novo a entrega ${id}">Enviar de novo</button>
  </form>`
