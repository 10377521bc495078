import { Effect, Option } from "effect"
import { Bots } from "../../bots/Bots.ts"
import { DeadLetters } from "../../engine/DeadLetters.ts"
import { decodeUpdatesCursor, type UpdateView } from "../../repo/updates/list.ts"
import { UpdatesRepo } from "../../repo/UpdatesRepo.ts"
import { exactMoment } from "../format.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import type { Session } from "../PanelSession.ts"
import { botFilter, filterForm } from "../parts/filters.ts"
import { personLink } from "../parts/payment.ts"
import { deliveryTabs } from "../parts/tabs.ts"
import { card, doneNotice, empty, pager, table, withQuery } from "../parts/ui.ts"
import { page, redirect } from "../respond.ts"
import { get, post } from "../visit.ts"

const here = "/admin/entregas/recebidas"

/** What people sent to the bots and no attempt could answer: why, and another try. */
export const receivedPages = Effect.gen(function* () {
  const bots = yield* Bots
  const letters = yield* DeadLetters
  const updates = yield* UpdatesRepo

  return [
    get(here, ({ query, session }) =>
      Effect.gen(function* () {
        const bot = Option.getOrUndefined(bots.find(query["bot"] ?? ""))
        const cursor = Option.flatMap(Option.fromUndefinedOr(query["cursor"]), decodeUpdatesCursor)
        const { items, next_cursor } = yield* updates.list({
          botId: bot?.id,
          status: "dead",
          cursor: Option.getOrUndefined(cursor)
        })
        const list =
          items.length === 0
            ? empty("Nenhuma mensagem falhou. Tudo o que as pessoas enviaram foi atendido.")
            : html`<p class="muted">
                  Cada uma foi tentada várias vezes e depois separada, para não segurar as outras. Resolvido o motivo,
                  tente de novo: a pessoa recebe a resposta que faltou.
                </p>
                ${letterTable(session, items)} ${pager(here, query, next_cursor)}`
        const body = html`${deliveryTabs("received")} ${doneNotice(query)}
        ${filterForm(here, botFilter(bots.all(), query), query)}
        ${card("Mensagens recebidas que falharam", list, items.length === 0 ? nothing : allForm(session, bot?.slug))}`
        return page(session, { title: "Entregas", here: "/admin/entregas", body })
      })
    ),
    post("/admin/entregas/recebidas/todas", ({ form }) =>
      Effect.gen(function* () {
        const bot = form.get("bot") ?? ""
        const count = yield* letters.replayAll(bot === "" ? undefined : bot)
        return redirect(withQuery(here, { bot, feito: count === 0 ? "nada-a-refazer" : "refeitas" }))
      })
    ),
    post("/admin/entregas/recebidas/:bot/:id", ({ params }) =>
      Effect.gen(function* () {
        const id = /^\d{1,15}$/.test(params["id"] ?? "") ? Number(params["id"]) : 0
        yield* letters.replay(params["bot"] ?? "", id)
        return redirect(withQuery(here, { feito: "refeita" }))
      })
    )
  ]
})

const kinds: Readonly<Record<string, string>> = {
  start: "Enviou /start",
  text: "Escreveu ao bot",
  tap: "Tocou em um botão",
  consent: "Pediu para parar ou voltar a receber",
  member: "Bloqueou ou desbloqueou o bot",
  join: "Pediu para entrar no grupo VIP"
}

const letterTable = (session: Session, items: ReadonlyArray<UpdateView>): Html =>
  table(
    "Mensagens que falharam",
    ["O que a pessoa fez", "Por que falhou"],
    items.map(
      (one) =>
        html`<tr>
          <td>
            ${kinds[one.kind] ?? "Outra coisa"}<br />${personLink(one.bot, one.telegram_id)}
            <span class="muted">${one.bot}</span><br />
            <span class="muted nowrap">${exactMoment(one.received_at)}</span>
          </td>
          <td>
            ${one.error ?? "Sem motivo registrado"}
            <span class="muted">(${one.attempts === 1 ? "1 tentativa" : `${one.attempts} tentativas`})</span>
            ${one.bot === null ? nothing : againForm(session, one.bot, one.update_id)}
          </td>
        </tr>`
    )
  )

const againForm = (session: Session, bot: string, id: number): Html =>
  html`<form method="post" action="${here}/${bot}/${id}">
    ${csrf(session)}<button class="small" aria-label="Tentar de novo a mensagem ${id}">Tentar de novo</button>
  </form>`

const allForm = (session: Session, bot: string | undefined): Html =>
  html`<form method="post" action="${here}/todas">
    ${csrf(session)} <input type="hidden" name="bot" value="${bot ?? ""}" />
    <button
      class="small"
      data-confirm="Tentar de novo todas as mensagens que falharam${bot === undefined ? "" : ` neste bot`}?"
    >
      Tentar todas de novo
    </button>
  </form>`
