import type { FieldProblems, PlanView } from "../../domain/admin.ts"
import { formatBrl, reais } from "../format.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import type { Session } from "../PanelSession.ts"
import { check, input } from "./fields.ts"
import { badge, card, empty, table } from "./ui.ts"

export const plansCard = (session: Session, slug: string, plans: ReadonlyArray<PlanView>): Html =>
  card(
    "Planos",
    html`${
        plans.length === 0
          ? empty(
              "Sem planos, o bot não tem o que vender. Crie o primeiro abaixo e ponha um botão dele na mensagem de /start."
            )
          : table(
              "Planos",
              ["Plano", "Preço", "Venda", "Entrega"],
              plans.map(
                (plan) =>
                  html`<tr>
                    <td><a href="/admin/bots/${slug}/planos/${plan.id}">${plan.name}</a></td>
                    <td class="nowrap">${formatBrl(plan.price_cents)}</td>
                    <td>${plan.active ? badge("ok", "à venda") : badge("calm", "fora de venda")}</td>
                    <td>
                      ${plan.delivery === null && plan.vip_chat_id === null ? badge("warn", "sem entrega") : badge("ok", "pronta")}
                    </td>
                  </tr>`
              )
            )
      }
      <details ${plans.length === 0 ? html`open` : nothing}>
        <summary>Criar um plano</summary>
        <form method="post" action="/admin/bots/${slug}/planos" class="filters">
          ${csrf(session)} ${planFields({}, "", "")}
          <div class="field act"><button class="primary">Criar plano</button></div>
        </form>
      </details>`
  )

export const planFields = (faults: FieldProblems, name: string, price: string): Html =>
  html`${input("name", "Nome do plano", { scope: "plano", value: name, faults, required: true, maxlength: 100, placeholder: "Mensal" })}
  ${input("price", "Preço em reais", { scope: "plano", value: price, faults, path: "price_cents", required: true, inputmode: "decimal", placeholder: "19,90" })}`

export const planForm = (
  session: Session,
  slug: string,
  plan: PlanView,
  faults: FieldProblems,
  given?: URLSearchParams
): Html =>
  html`<form method="post" action="/admin/bots/${slug}/planos/${plan.id}">
    ${csrf(session)}
    ${planFields(faults, given?.get("name") ?? plan.name, given?.get("price") ?? reais(plan.price_cents))}
    ${input("vip_chat_id", "Grupo ou canal VIP deste plano", {
      scope: "plano",
      value: given?.get("vip_chat_id") ?? plan.vip_chat_id ?? "",
      faults,
      hint: "Vazio: vale o do bot."
    })}
    ${check("active", "À venda", given === undefined ? plan.active : given.has("active"), "Fora de venda, os botões dele somem.")}
    <div class="row">
      <button class="primary">Salvar plano</button>
      <a class="button" href="/admin/mensagens/${slug}/plano-${plan.id}">Mensagem de entrega</a>
    </div>
  </form>`
