import { Effect, Option, Schema } from "effect"
import { Bots } from "../../bots/Bots.ts"
import { invalid } from "../../bots/refusals.ts"
import type { AdminError } from "../../domain/admin.ts"
import type { Bot } from "../../domain/bot.ts"
import { MessageContent } from "../../domain/content.ts"
import { DownsellInput, DownsellPatch, type DownsellView } from "../../domain/downsellInput.ts"
import { DownsellAdmin } from "../../downsells/DownsellAdmin.ts"
import { MediaLibrary } from "../../media/MediaLibrary.ts"
import { Preview, type PreviewedCall } from "../../messages/Preview.ts"
import { decodeForm, faultsOf } from "../decodeForm.ts"
import { applied, contentOf, type Draft, draftOf, draftOfForm } from "../editor/draft.ts"
import { messageEditor } from "../editor/messageEditor.ts"
import { findBot } from "../findBot.ts"
import { csrf } from "../frame.ts"
import { html, nothing } from "../html.ts"
import {
  downsellFields,
  type DownsellForm,
  downsellFormOf,
  downsellInputOf,
  newDownsell,
  readDownsellForm,
  timeLine
} from "../parts/downsell.ts"
import { botPicker, chosenBot } from "../parts/filters.ts"
import { card, doneNotice, empty, withQuery } from "../parts/ui.ts"
import { page, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"
import { libraryPage, noBots } from "./messages.ts"

const here = "/admin/downsells"
const title = "Downsells"
const readInput = decodeForm(DownsellInput)
const readPatch = decodeForm(DownsellPatch)
const decodeContent = Schema.decodeUnknownOption(MessageContent)

interface Shown {
  readonly downsell?: DownsellView
  readonly given: DownsellForm
  readonly draft: Draft
  readonly error?: AdminError
  readonly sent?: ReadonlyArray<PreviewedCall>
}

export const downsellPages = Effect.gen(function* () {
  const bots = yield* Bots
  const downsells = yield* DownsellAdmin
  const library = yield* MediaLibrary
  const preview = yield* Preview
  const botOf = findBot(bots)

  const show = Effect.fnUntraced(function* (visit: Visit, bot: Bot, { downsell, draft, error, given, sent }: Shown) {
    const { items } = yield* library.list(bot.slug, { limit: libraryPage })
    const faults = Object.fromEntries(
      Object.entries(error === undefined ? {} : faultsOf(error)).map(([path, words]) => [
        path.replace(/^content\./, ""),
        words
      ])
    )
    const body = html`${doneNotice(visit.query)}
      <p><a href="${withQuery(here, { bot: bot.slug })}">Todos os downsells de ${bot.name}</a></p>
      ${messageEditor(visit.session, {
        bot,
        draft,
        files: items,
        faults,
        action: downsell === undefined ? `${here}/${bot.slug}` : `${here}/${bot.slug}/${downsell.id}`,
        above: downsellFields(given, faults),
        chatId: visit.form.get("chat_id") ?? "",
        ...(sent === undefined ? {} : { sent })
      })}
      ${
        downsell === undefined
          ? nothing
          : card(
              "Apagar",
              html`<form method="post" action="${here}/${bot.slug}/${downsell.id}/apagar">
                ${csrf(visit.session)}
                <button class="danger" data-confirm="Apagar este downsell? Quem espera por ele não recebe.">
                  Apagar
                </button>
              </form>`
            )
      }`
    const status = error === undefined ? 200 : 422
    return page(visit.session, { title: downsell?.name ?? "Novo downsell", here, body, status })
  })

  const downsellOf = (visit: Visit) => {
    const id = visit.params["id"] ?? ""
    return downsells.get(visit.params["slug"] ?? "", /^\d{1,15}$/.test(id) ? Number(id) : 0)
  }

  const tested = Effect.fnUntraced(function* (visit: Visit, bot: Bot, draft: Draft) {
    const chat = (visit.form.get("chat_id") ?? "").trim()
    if (!/^-?\d{1,15}$/.test(chat)) return yield* invalid({ chat_id: "Deve ser o número de um chat no Telegram." })
    return yield* preview.send({ slug: bot.slug, key: "downsell", chatId: Number(chat), content: contentOf(draft) })
  })

  const answer = Effect.fnUntraced(function* (
    visit: Visit,
    downsell: DownsellView | undefined,
    save: (input: unknown) => Effect.Effect<DownsellView, AdminError>
  ) {
    const bot = yield* botOf(visit.params["slug"])
    const draft = draftOfForm(visit.form)
    const given = readDownsellForm(visit.form)
    const shown = { draft, given, ...(downsell === undefined ? {} : { downsell }) }
    const refused = (error: AdminError) => show(visit, bot, { ...shown, error })
    const op = visit.form.get("op")
    if (op === "test") {
      return yield* tested(visit, bot, draft).pipe(
        Effect.flatMap((sent) => show(visit, bot, { ...shown, sent })),
        Effect.catch(refused)
      )
    }
    if (op !== null) return yield* show(visit, bot, { ...shown, draft: applied(draft, op) })
    return yield* save(downsellInputOf(given, contentOf(draft))).pipe(
      Effect.map(({ id }) => redirect(withQuery(`${here}/${bot.slug}/${id}`, { feito: "salvo" }))),
      Effect.catch(refused)
    )
  })

  return [
    get(here, (visit) =>
      Effect.gen(function* () {
        const bot = chosenBot(bots.all(), visit.query)
        if (bot === undefined) return page(visit.session, { title, here, body: noBots })
        const all = yield* downsells.list(bot.slug)
        const add = html`<a class="button primary" href="${here}/${bot.slug}/novo">Novo downsell</a>`
        const lines = html`<div class="grid">
          ${card("Depois do /start, se não comprou", timeLine(bot.slug, "start", all))}
          ${card("Depois do PIX, se não pagou", timeLine(bot.slug, "pix", all))}
        </div>`
        const none = card(
          "Nenhum downsell ainda",
          empty(
            "Um downsell é uma oferta que sai sozinha para quem não comprou: dez minutos depois do PIX, por exemplo, com um preço menor.",
            add
          )
        )
        const body = html`${doneNotice(visit.query)} ${botPicker(here, bots.all(), bot)}
        ${
          all.length === 0
            ? none
            : html`<p>${add}</p>
                ${lines}`
        }`
        return page(visit.session, { title, here, body })
      })
    ),
    get("/admin/downsells/:slug/novo", (visit) =>
      Effect.flatMap(botOf(visit.params["slug"]), (bot) => show(visit, bot, { draft: draftOf({}), given: newDownsell }))
    ),
    post("/admin/downsells/:slug", (visit) =>
      answer(visit, undefined, (input) =>
        Effect.flatMap(readInput(input), (read) => downsells.create(visit.params["slug"] ?? "", read))
      )
    ),
    get("/admin/downsells/:slug/:id", (visit) =>
      Effect.gen(function* () {
        const bot = yield* botOf(visit.params["slug"])
        const downsell = yield* downsellOf(visit)
        const content = Option.getOrElse(decodeContent(downsell.content), (): MessageContent => ({}))
        return yield* show(visit, bot, { downsell, draft: draftOf(content), given: downsellFormOf(downsell) })
      })
    ),
    post("/admin/downsells/:slug/:id", (visit) =>
      Effect.flatMap(downsellOf(visit), (downsell) =>
        answer(visit, downsell, (input) =>
          Effect.flatMap(readPatch(input), (read) => downsells.patch(visit.params["slug"] ?? "", downsell.id, read))
        )
      )
    ),
    post("/admin/downsells/:slug/:id/apagar", (visit) =>
      Effect.gen(function* () {
        const slug = visit.params["slug"] ?? ""
        const downsell = yield* downsellOf(visit)
        yield* downsells.remove(slug, downsell.id)
        return redirect(withQuery(here, { bot: slug, feito: "apagado" }))
      })
    )
  ]
})
