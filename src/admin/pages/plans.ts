import { Effect } from "effect"
import { BotAdmin } from "../../bots/BotAdmin.ts"
import { type AdminError, type FieldProblems, PlanInput, PlanPatch, type PlanView } from "../../domain/admin.ts"
import { notFound } from "../../bots/refusals.ts"
import { decodeForm, faultsOf, orNull } from "../decodeForm.ts"
import { centsOf } from "../format.ts"
import { csrf } from "../frame.ts"
import { html } from "../html.ts"
import { otherFaults } from "../parts/fields.ts"
import { planFields, planForm } from "../parts/plans.ts"
import { card, doneNotice, withQuery } from "../parts/ui.ts"
import { page, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"

const here = "/admin/bots"
const readInput = decodeForm(PlanInput)
const readPatch = decodeForm(PlanPatch)
const shown = new Set(["name", "price_cents", "vip_chat_id"])

const given = (form: URLSearchParams) => ({
  name: (form.get("name") ?? "").trim(),
  price_cents: centsOf(form.get("price") ?? "") ?? 0
})

/** The schema counts in centavos; whoever typed a price did not. */
const inWords = (faults: FieldProblems): FieldProblems =>
  faults["price_cents"] === undefined ? faults : { ...faults, price_cents: "Escreva um preço em reais, como 19,90." }

export const planPages = Effect.gen(function* () {
  const admin = yield* BotAdmin

  const planOf = Effect.fnUntraced(function* (slug: string, id: string) {
    const plan = (yield* admin.plans(slug)).find((one) => String(one.id) === id)
    return plan ?? (yield* notFound("Este plano não existe."))
  })

  const show = Effect.fnUntraced(function* (visit: Visit, plan: PlanView, error?: AdminError) {
    const { form, params, query, session } = visit
    const slug = params["slug"] ?? ""
    const faults = error === undefined ? {} : inWords(faultsOf(error))
    const body = html`${doneNotice(query)} ${otherFaults(faults, (path) => shown.has(path))}
      ${card("Plano", planForm(session, slug, plan, faults, error === undefined ? undefined : form))}
      ${card(
        "Apagar o plano",
        html`<p class="muted">O que já foi vendido continua valendo.</p>
          <form method="post" action="/admin/bots/${slug}/planos/${plan.id}/apagar">
            ${csrf(session)}<button class="danger" data-confirm="Apagar o plano ${plan.name}?">Apagar</button>
          </form>`
      )}
      <p><a href="/admin/bots/${slug}">Voltar ao bot</a></p>`
    return page(session, { title: plan.name, here, body, status: error === undefined ? 200 : 422 })
  })

  return [
    post("/admin/bots/:slug/planos", ({ form, params, session }) => {
      const slug = params["slug"] ?? ""
      return readInput(given(form)).pipe(
        Effect.flatMap((input) => admin.addPlan(slug, input)),
        Effect.map((plan) => redirect(withQuery(`/admin/bots/${slug}/planos/${plan.id}`, { feito: "criado" }))),
        Effect.catch((error: AdminError) => {
          if (error.reason._tag === "NotFound") return Effect.fail(error)
          const faults = inWords(faultsOf(error))
          const body = html`${otherFaults(faults, (path) => shown.has(path))}
            <form method="post" action="/admin/bots/${slug}/planos" class="card">
              ${csrf(session)} ${planFields(faults, form.get("name") ?? "", form.get("price") ?? "")}
              <button class="primary">Criar plano</button>
            </form>`
          return Effect.succeed(page(session, { title: "Criar um plano", here, body, status: 422 }))
        })
      )
    }),
    get("/admin/bots/:slug/planos/:id", (visit) =>
      Effect.flatMap(planOf(visit.params["slug"] ?? "", visit.params["id"] ?? ""), (plan) => show(visit, plan))
    ),
    post("/admin/bots/:slug/planos/:id", (visit) =>
      Effect.gen(function* () {
        const slug = visit.params["slug"] ?? ""
        const plan = yield* planOf(slug, visit.params["id"] ?? "")
        const changes = {
          ...given(visit.form),
          active: visit.form.has("active"),
          vip_chat_id: orNull(visit.form.get("vip_chat_id"))
        }
        return yield* readPatch(changes).pipe(
          Effect.flatMap((patch) => admin.patchPlan(slug, plan.id, patch)),
          Effect.map(() => redirect(withQuery(`/admin/bots/${slug}/planos/${plan.id}`, { feito: "salvo" }))),
          Effect.catch((error: AdminError) => show(visit, plan, error))
        )
      })
    ),
    post("/admin/bots/:slug/planos/:id/apagar", (visit) =>
      Effect.gen(function* () {
        const slug = visit.params["slug"] ?? ""
        const plan = yield* planOf(slug, visit.params["id"] ?? "")
        return yield* admin.removePlan(slug, plan.id).pipe(
          Effect.map(() => redirect(withQuery(`/admin/bots/${slug}`, { feito: "apagado" }))),
          Effect.catch((error: AdminError) => show(visit, plan, error))
        )
      })
    )
  ]
})
