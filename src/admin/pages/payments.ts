import { Effect, Option } from "effect"
import { Bots } from "../../bots/Bots.ts"
import { notFound } from "../../bots/refusals.ts"
import type { AdminError } from "../../domain/admin.ts"
import { PaymentStatus, PaymentView } from "../../domain/payment.ts"
import { sheet } from "../../http/handlers/lists.ts"
import { Gateways } from "../../payments/Gateways.ts"
import { Refunds } from "../../payments/Refunds.ts"
import { PaymentsRepo } from "../../repo/PaymentsRepo.ts"
import { faultsOf } from "../decodeForm.ts"
import { moment } from "../format.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import { dateFilters, listQueryOf, personFilter } from "../listQuery.ts"
import type { Session } from "../PanelSession.ts"
import { input, select } from "../parts/fields.ts"
import { botFilter, filterForm } from "../parts/filters.ts"
import { money, paymentBadge, paymentStates, paymentStory, paymentTable, personLink } from "../parts/payment.ts"
import { card, doneNotice, empty, facts, notice, pager, withQuery } from "../parts/ui.ts"
import { attachment, page, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"

const here = "/admin/pagamentos"

export const paymentPages = Effect.gen(function* () {
  const bots = yield* Bots
  const gateways = yield* Gateways
  const payments = yield* PaymentsRepo
  const refunds = yield* Refunds

  const show = Effect.fnUntraced(function* (visit: Visit, error?: AdminError) {
    const id = idOf(visit)
    const payment = Option.getOrUndefined(yield* payments.view(id))
    if (payment === undefined) return yield* notFound("Este pagamento não existe.")
    const story = yield* payments.story(id)
    const canRefund = Option.exists(
      gateways.get(payment.gateway ?? ""),
      ({ capabilities, configured }) => configured && capabilities.refund
    )
    const body = html`${doneNotice(visit.query)}
      ${error === undefined ? nothing : notice("bad", Object.values(faultsOf(error)).join(" "))}
      ${card("Resumo", summary(payment), paymentBadge(payment.status))}
      ${card("O que aconteceu", paymentStory(payment, story))}
      ${payment.status === "paid" ? refundCard(visit.session, payment, canRefund) : nothing}
      <p><a href="${here}">Todos os pagamentos</a></p>`
    return page(visit.session, { title: `Pagamento nº ${id}`, here, body, status: error === undefined ? 200 : 409 })
  })

  return [
    get(here, (visit) =>
      Effect.gen(function* () {
        const { query, session } = visit
        const asked = listQueryOf(visit, PaymentStatus.literals)
        const found = query["busca"]
        const { items, next_cursor } =
          found === undefined
            ? yield* payments.list(asked.query)
            : { items: yield* payments.search(found.trim().slice(0, 100)), next_cursor: null }
        const fields = html`${input("busca", "Buscar", { type: "search", value: found ?? "", maxlength: 100, placeholder: "nosso número ou o do gateway" })}
        ${botFilter(bots.all(), query)}
        ${select("situacao", "Situação", [["", "Todas"], ...paymentStates], { value: query["situacao"] ?? "" })}
        ${personFilter(query)} ${dateFilters(query)}`
        const list =
          items.length === 0
            ? empty(
                Object.keys(query).length === 0
                  ? "Ainda não há pagamentos. O primeiro aparece quando alguém gerar um PIX."
                  : "Nenhum pagamento com estes filtros."
              )
            : html`${paymentTable(items)} ${pager(here, query, next_cursor)}`
        const csvLink = html`<a
          class="button small"
          href="${withQuery("/admin/pagamentos/planilha", { ...query, cursor: undefined })}"
          >Baixar planilha (CSV)</a
        >`
        const body = html`${doneNotice(query)} ${asked.complaint} ${filterForm(here, fields, query)}
        ${card("Pagamentos", list, csvLink)}`
        return page(session, { title: "Pagamentos", here, body })
      })
    ),
    get("/admin/pagamentos/planilha", (visit) => {
      const { query } = listQueryOf(visit, PaymentStatus.literals)
      const columns = Object.keys(PaymentView.fields)
      return Effect.succeed(attachment(sheet(payments.list, { ...query, limit: undefined }, columns), "pagamentos.csv"))
    }),
    get("/admin/pagamentos/:id", (visit) => show(visit)),
    post("/admin/pagamentos/:id/devolver", (visit) =>
      refunds.refund(idOf(visit)).pipe(
        Effect.map(({ id }) => redirect(withQuery(`${here}/${id}`, { feito: "devolvido" }))),
        Effect.catchIf(
          (error: AdminError) => error.reason._tag !== "NotFound",
          (error) => show(visit, error)
        )
      )
    )
  ]
})

const idOf = ({ params }: Visit): number => (/^\d{1,15}$/.test(params["id"] ?? "") ? Number(params["id"]) : 0)

const summary = (payment: PaymentView): Html =>
  facts([
    ["Valor", money(payment.value_cents)],
    ["Tarifa do gateway", money(payment.fee_cents)],
    ["Fica para você", money(payment.net_cents)],
    ["Plano", payment.plan_name],
    ["Bot", payment.bot === null ? null : html`<a href="/admin/bots/${payment.bot}">${payment.bot}</a>`],
    ["Pessoa", personLink(payment.bot, payment.telegram_id)],
    ["Gateway", payment.gateway],
    ["Número no gateway", payment.gateway_charge_id],
    ["Número no banco", payment.end_to_end_id],
    ["Veio de", payment.source],
    ["Gerado em", moment(payment.created_at)],
    ["Problema", payment.problem]
  ])

const refundCard = (session: Session, payment: PaymentView, canRefund: boolean): Html =>
  card(
    "Devolver o dinheiro",
    canRefund
      ? html`<p class="muted">A pessoa recebe ${money(payment.value_cents)} de volta. Não dá para desfazer.</p>
          <form method="post" action="/admin/pagamentos/${payment.id}/devolver">
            ${csrf(session)}
            <button
              class="danger"
              data-confirm="Devolver ${money(payment.value_cents)} à pessoa? Não dá para desfazer."
            >
              Devolver tudo
            </button>
          </form>`
      : html`<p class="muted">Este gateway só devolve pelo painel dele; aqui a devolução aparece depois.</p>`
  )
