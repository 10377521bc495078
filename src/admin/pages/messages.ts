import { Effect, Option } from "effect"
import { BotAdmin } from "../../bots/BotAdmin.ts"
import { Bots } from "../../bots/Bots.ts"
import { invalid, notFound } from "../../bots/refusals.ts"
import type { AdminError, FieldProblems } from "../../domain/admin.ts"
import type { Bot } from "../../domain/bot.ts"
import type { MessageContent } from "../../domain/content.ts"
import { stripHtml } from "../../domain/html.ts"
import { MediaLibrary } from "../../media/MediaLibrary.ts"
import { Preview, type PreviewedCall } from "../../messages/Preview.ts"
import { faultsOf } from "../decodeForm.ts"
import { findBot } from "../findBot.ts"
import { contentFields } from "../editor/contentFields.ts"
import { applied, contentOf, type Draft, draftOf, draftOfForm } from "../editor/draft.ts"
import { messageEditor } from "../editor/messageEditor.ts"
import { draftPreview } from "../editor/preview.ts"
import { type Html, html, nothing } from "../html.ts"
import { botPicker, chosenBot } from "../parts/filters.ts"
import { badge, card, doneNotice, empty, withQuery } from "../parts/ui.ts"
import { page, part, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"

const here = "/admin/mensagens"

/** The messages that the service looks for, in the order in which a buyer meets them. */
const keys = [
  ["start", "Boas-vindas (/start)", "A primeira mensagem, com os botões dos planos."],
  ["pix", "Junto ao PIX", "Vem antes do QR Code e do código para copiar."],
  ["paid", "Depois de pagar", "Agradece; a entrega do plano vem em seguida."],
  ["expired", "PIX vencido", "Chega quando o código vence sem pagamento."]
] as const

export const libraryPage = 60

const stripped = (faults: FieldProblems, prefix: string): FieldProblems =>
  Object.fromEntries(
    Object.entries(faults).map(([path, words]) => [path.startsWith(prefix) ? path.slice(prefix.length) : path, words])
  )

export const messagePages = Effect.gen(function* () {
  const admin = yield* BotAdmin
  const bots = yield* Bots
  const library = yield* MediaLibrary
  const preview = yield* Preview

  const botOf = findBot(bots)

  /** A message of the bot, or what a plan delivers: `plano-3`. */
  const targetOf = Effect.fnUntraced(function* (visit: Visit) {
    const bot = yield* botOf(visit.params["slug"] ?? "")
    const key = visit.params["key"] ?? ""
    const action = `${here}/${bot.slug}/${key}`
    const planId = Number(/^plano-(\d{1,12})$/.exec(key)?.[1] ?? Number.NaN)
    if (Number.isNaN(planId)) {
      return {
        bot,
        action,
        title: keys.find(([known]) => known === key)?.[1] ?? `Mensagem ${key}`,
        load: admin.message(bot.slug, key).pipe(
          Effect.catchIf(
            (error: AdminError) => error.reason._tag === "NotFound",
            () => Effect.succeed<MessageContent>({})
          )
        ),
        save: (content: unknown) => Effect.asVoid(admin.putMessage(bot.slug, key, content))
      }
    }
    const plan = bot.plans.get(planId) ?? (yield* notFound("Este plano não existe."))
    return {
      bot,
      action,
      title: `Entrega do plano ${plan.name}`,
      load: Effect.succeed(Option.getOrElse(plan.delivery, (): MessageContent => ({}))),
      save: (content: unknown) => Effect.asVoid(admin.patchPlan(bot.slug, planId, { delivery: content }))
    }
  })

  const show = Effect.fnUntraced(function* (
    visit: Visit,
    draft: Draft,
    more: { readonly error?: AdminError; readonly sent?: ReadonlyArray<PreviewedCall> } = {}
  ) {
    const { action, bot, title } = yield* targetOf(visit)
    const { items } = yield* library.list(bot.slug, { limit: libraryPage })
    const faults = more.error === undefined ? {} : stripped(stripped(faultsOf(more.error), "delivery."), "content.")
    const body = html`${doneNotice(visit.query)}
      <p><a href="${withQuery(here, { bot: bot.slug })}">Todas as mensagens de ${bot.name}</a></p>
      ${messageEditor(visit.session, {
        bot,
        draft,
        action,
        files: items,
        faults,
        chatId: visit.form.get("chat_id") ?? "",
        ...(more.sent === undefined ? {} : { sent: more.sent })
      })}`
    return page(visit.session, { title, here, body, status: more.error === undefined ? 200 : 422 })
  })

  const test = Effect.fnUntraced(function* (visit: Visit, bot: Bot, draft: Draft) {
    const chat = (visit.form.get("chat_id") ?? "").trim()
    if (!/^-?\d{1,15}$/.test(chat)) {
      return yield* show(visit, draft, { error: invalid({ chat_id: "Deve ser o número de um chat no Telegram." }) })
    }
    const request = { slug: bot.slug, key: visit.params["key"] ?? "", chatId: Number(chat), content: contentOf(draft) }
    return yield* preview.send(request).pipe(
      Effect.flatMap((sent) => show(visit, draft, { sent })),
      Effect.catch((error: AdminError) => show(visit, draft, { error }))
    )
  })

  return [
    get(here, ({ query, session }) =>
      Effect.sync(() => {
        const bot = chosenBot(bots.all(), query)
        const body = bot === undefined ? noBots : html`${botPicker(here, bots.all(), bot)} ${overviewOf(bot)}`
        return page(session, { title: "Mensagens", here, body })
      })
    ),
    get("/admin/mensagens/:slug/:key", (visit) =>
      Effect.gen(function* () {
        const { load } = yield* targetOf(visit)
        return yield* show(visit, draftOf(yield* load))
      })
    ),
    post("/admin/mensagens/:slug/rascunho", ({ form, params }) =>
      Effect.map(botOf(params["slug"] ?? ""), (bot) =>
        part(contentFields(bot, applied(draftOfForm(form), form.get("op") ?? ""), {}), { "hx-trigger": "rascunho" })
      )
    ),
    post("/admin/mensagens/:slug/previa", ({ form, params }) =>
      Effect.map(botOf(params["slug"] ?? ""), (bot) => part(draftPreview(bot, draftOfForm(form))))
    ),
    post("/admin/mensagens/:slug/:key", (visit) =>
      Effect.gen(function* () {
        const draft = draftOfForm(visit.form)
        const op = visit.form.get("op")
        const { action, bot, save } = yield* targetOf(visit)
        if (op === "test") return yield* test(visit, bot, draft)
        if (op !== null) return yield* show(visit, applied(draft, op))
        return yield* save(contentOf(draft)).pipe(
          Effect.map(() => redirect(withQuery(action, { feito: "salvo" }))),
          Effect.catch((error: AdminError) => show(visit, draft, { error }))
        )
      })
    )
  ]
})

export const noBots: Html = card(
  "Nenhum bot ainda",
  empty("Cadastre um bot primeiro.", html`<a class="button primary" href="/admin/bots/novo">Cadastrar um bot</a>`)
)

const excerpt = (content: MessageContent | undefined): string => {
  if (content === undefined) return ""
  const words = stripHtml(content.text ?? "")
    .replaceAll(/\s+/g, " ")
    .trim()
  const short = words.length > 140 ? `${words.slice(0, 140)}…` : words
  const media = content.media?.length ?? 0
  const buttons = content.buttons?.flat().length ?? 0
  return [short, ...(media > 0 ? [`${media} mídia(s)`] : []), ...(buttons > 0 ? [`${buttons} botão(ões)`] : [])]
    .filter((word) => word !== "")
    .join(" · ")
}

const row = (path: string, name: string, hint: string, content: MessageContent | undefined): Html =>
  html`<li>
    <div class="row spread">
      <a href="${path}"><b>${name}</b></a>
      ${content === undefined ? badge("calm", "texto padrão") : badge("ok", "escrita por você")}
    </div>
    <div class="muted">${content === undefined ? hint : excerpt(content)}</div>
  </li>`

const overviewOf = (bot: Bot): Html => {
  const others = [...bot.messages.keys()].filter((key) => !keys.some(([known]) => known === key))
  const plans = [...bot.plans.values()].filter((plan) => plan.active)
  return html`${card(
    `Mensagens de ${bot.name}`,
    html`<ul class="list">
      ${keys.map(([key, name, hint]) =>
        row(`${here}/${bot.slug}/${key}`, name, hint, key === "start" ? bot.start[0] : bot.messages.get(key))
      )}
      ${others.map((key) => row(`${here}/${bot.slug}/${key}`, key, "", bot.messages.get(key)))}
    </ul>`,
    html`<a class="button" href="${withQuery("/admin/midias", { bot: bot.slug })}">Mídias</a>`
  )}
  ${card(
    "O que cada plano entrega",
    plans.length === 0
      ? empty(
          "Este bot ainda não tem planos.",
          html`<a class="button" href="/admin/bots/${bot.slug}">Criar um plano</a>`
        )
      : html`<ul class="list">
          ${plans.map((plan) =>
            row(
              `${here}/${bot.slug}/plano-${plan.id}`,
              plan.name,
              "Ainda sem mensagem de entrega: escreva o que o comprador recebe.",
              Option.getOrUndefined(plan.delivery)
            )
          )}
        </ul>`
  )}
  ${nothing}`
}
