import { Effect } from "effect"
import { BotAdmin } from "../../bots/BotAdmin.ts"
import { type AdminError, BotInput, BotPatch, type BotView, type FieldProblems } from "../../domain/admin.ts"
import { Gateways } from "../../payments/Gateways.ts"
import { decodeForm, faultsOf, numberOr, orNull } from "../decodeForm.ts"
import { csrf } from "../frame.ts"
import { type Html, html, nothing } from "../html.ts"
import type { Session } from "../PanelSession.ts"
import { botHealth, botState, powerForm, settingsForm } from "../parts/bot.ts"
import { input, otherFaults, select } from "../parts/fields.ts"
import { plansCard } from "../parts/plans.ts"
import { botTabs } from "../parts/tabs.ts"
import { card, doneNotice, empty, notice, withQuery } from "../parts/ui.ts"
import { page, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"

const here = "/admin/bots"
const readInput = decodeForm(BotInput)
const readPatch = decodeForm(BotPatch)

export const botPages = Effect.gen(function* () {
  const admin = yield* BotAdmin
  const gateways = yield* Gateways
  const names = gateways.all.map(({ configured, name }) => ({ name, configured }))

  const show = Effect.fnUntraced(function* (
    { params, query, session }: Visit,
    faults: FieldProblems = {},
    given?: URLSearchParams
  ) {
    const bot = yield* admin.get(params["slug"] ?? "")
    const plans = yield* admin.plans(bot.slug)
    const body = html`${botTabs(bot.slug, "bot")} ${doneNotice(query)}
    ${otherFaults(faults, (path) => path !== "" && given !== undefined)} ${botHealth(session, bot)}
    ${plansCard(session, bot.slug, plans)} ${card("Ajustes", settingsForm(session, bot, names, faults, given))}
    ${tokenCard(session, bot, faults)} ${copyCard(session, bot)}`
    return page(session, { title: bot.name, here, body, status: Object.keys(faults).length > 0 ? 422 : 200 })
  })

  return [
    get(here, ({ query, session }) =>
      Effect.map(admin.list, (bots) =>
        page(session, { title: "Bots", here, body: html`${doneNotice(query)} ${botList(session, bots)}` })
      )
    ),
    get("/admin/bots/novo", ({ session }) => Effect.succeed(newBotPage(session, names, {}, new URLSearchParams()))),
    post(here, ({ form, session }) =>
      readInput({
        slug: (form.get("slug") ?? "").trim(),
        token: (form.get("token") ?? "").trim(),
        ...(orNull(form.get("name")) === null ? {} : { name: form.get("name") }),
        gateway: form.get("gateway")
      }).pipe(
        Effect.flatMap(admin.create),
        Effect.match({
          onSuccess: (bot) => redirect(withQuery(`/admin/bots/${bot.slug}`, { feito: "criado" })),
          onFailure: (error) => newBotPage(session, names, faultsOf(error), form)
        })
      )
    ),
    get("/admin/bots/:slug", (visit) => show(visit)),
    post("/admin/bots/:slug/ligar", ({ form, params }) =>
      Effect.map(admin.patch(params["slug"] ?? "", { active: form.get("active") === "1" }), ({ active, slug }) =>
        redirect(withQuery(`/admin/bots/${slug}`, { feito: active ? "retomado" : "pausado" }))
      )
    ),
    post("/admin/bots/:slug/ajustes", (visit) => save(visit, settingsOf(visit.form))),
    post("/admin/bots/:slug/token", (visit) => save(visit, { token: (visit.form.get("token") ?? "").trim() }))
  ]

  function save(visit: Visit, patch: unknown) {
    const slug = visit.params["slug"] ?? ""
    return readPatch(patch).pipe(
      Effect.flatMap((changes) => admin.patch(slug, changes)),
      Effect.map(() => redirect(withQuery(`/admin/bots/${slug}`, { feito: "salvo" }))),
      Effect.catchIf(
        (error: AdminError) => error.reason._tag !== "NotFound",
        (error) => show(visit, faultsOf(error), visit.form)
      )
    )
  }
})

const settingsOf = (form: URLSearchParams) => ({
  name: form.get("name") ?? "",
  gateway: form.get("gateway"),
  second_gateway: orNull(form.get("second_gateway")),
  vip_chat_id: orNull(form.get("vip_chat_id")),
  warmup_chat_id: orNull(form.get("warmup_chat_id")),
  notice: orNull(form.get("notice")),
  withdraw_access: form.has("withdraw_access"),
  pix_expires_minutes: numberOr(form.get("pix_expires_minutes")),
  max_pix_per_hour: numberOr(form.get("max_pix_per_hour")),
  messages_per_second: numberOr(form.get("messages_per_second")),
  ...shotCapOf(orNull(form.get("shots_per_person")), orNull(form.get("shots_per_person_hours"))),
  ...(orNull(form.get("time_zone")) === null ? {} : { time_zone: orNull(form.get("time_zone")) })
})

/** Hours without a number of shots mean nothing; with one, none given means a day. */
const shotCapOf = (shots: string | null, hours: string | null) =>
  shots === null
    ? { shots_per_person: null }
    : { shots_per_person: numberOr(shots), shots_per_person_hours: numberOr(hours) ?? 24 }

const botList = (session: Session, bots: ReadonlyArray<BotView>): Html =>
  bots.length === 0
    ? card(
        "Nenhum bot ainda",
        empty(
          "Crie um bot no Telegram com o @BotFather, copie o token e cadastre aqui.",
          html`<a class="button primary" href="/admin/bots/novo">Cadastrar um bot</a>`
        )
      )
    : html`<p><a class="button primary" href="/admin/bots/novo">Cadastrar um bot</a></p>
        <div class="grid">
          ${bots.map((bot) =>
            card(
              bot.name,
              html`<p class="muted">${bot.username === null ? bot.slug : `@${bot.username}`} · ${bot.gateway}</p>
                ${bot.inactive_reason === null ? nothing : html`<p>${bot.inactive_reason}</p>`}
                ${bot.webhook.error === null ? nothing : notice("warn", bot.webhook.error)}
                <div class="row">
                  <a class="button" href="/admin/bots/${bot.slug}">Abrir</a>
                  <a class="button" href="${withQuery("/admin/mensagens", { bot: bot.slug })}">Mensagens</a>
                  ${powerForm(session, bot)}
                </div>`,
              botState(bot)
            )
          )}
        </div>`

const newBotPage = (
  session: Session,
  gateways: ReadonlyArray<{ readonly name: string; readonly configured: boolean }>,
  faults: FieldProblems,
  form: URLSearchParams
) =>
  page(session, {
    title: "Cadastrar um bot",
    here,
    status: Object.keys(faults).length > 0 ? 422 : 200,
    body: html`<form method="post" action="/admin/bots" class="card">
      ${csrf(session)} ${otherFaults(faults, (path) => ["slug", "token", "name", "gateway"].includes(path))}
      ${input("token", "Token do bot", {
        type: "password",
        required: true,
        faults,
        hint: "O @BotFather mostra o token quando o bot é criado, ou com /mybots. Ele é conferido agora e guardado cifrado."
      })}
      ${input("slug", "Endereço curto", {
        value: form.get("slug") ?? "",
        required: true,
        faults,
        maxlength: 64,
        hint: "Letras minúsculas, números, hífen ou sublinhado, como clube-vip. Aparece nos links e não muda depois."
      })}
      ${input("name", "Nome (opcional)", { value: form.get("name") ?? "", faults, hint: "Sem ele, vale o nome que o bot tem no Telegram." })}
      ${select(
        "gateway",
        "Gateway de pagamento",
        gateways.map(({ configured, name }) => [name, configured ? name : `${name} (sem credencial)`]),
        { value: form.get("gateway") ?? "pushinpay", faults }
      )}
      <button class="primary">Cadastrar</button>
    </form>`
  })

const tokenCard = (session: Session, bot: BotView, faults: FieldProblems): Html =>
  card(
    bot.token_masked === null ? "Dar um token" : "Trocar o token",
    html`<p class="muted">Token atual: ${bot.token_masked ?? "não há"}</p>
      <form method="post" action="/admin/bots/${bot.slug}/token">
        ${csrf(session)}
        ${input("token", bot.token_masked === null ? "Token que o @BotFather deu" : "Token novo, do mesmo bot", { type: "password", required: true, faults })}
        <button>${bot.token_masked === null ? "Guardar o token" : "Trocar"}</button>
      </form>`
  )

const copyCard = (_session: Session, bot: BotView): Html =>
  card(
    "Ver o que este bot faz",
    html`<div class="row">
      <a class="button" href="${withQuery("/admin", { bot: bot.slug })}">Números</a>
      <a class="button" href="${withQuery("/admin/pagamentos", { bot: bot.slug })}">Pagamentos</a>
      <a class="button" href="${withQuery("/admin/pessoas", { bot: bot.slug })}">Pessoas</a>
      <a class="button" href="${withQuery("/admin/ao-vivo", { bot: bot.slug })}">Ao vivo</a>
    </div>`
  )
