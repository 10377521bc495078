import { Effect, Option } from "effect"
import { Bots } from "../../bots/Bots.ts"
import { upstream } from "../../bots/refusals.ts"
import type { AdminError } from "../../domain/admin.ts"
import type { Bot } from "../../domain/bot.ts"
import { contentResponse } from "../../http/handlers/media.ts"
import { readUpload } from "../../http/upload/upload.ts"
import * as Log from "../../log/Log.ts"
import { MediaLibrary } from "../../media/MediaLibrary.ts"
import { Spool } from "../../media/spool.ts"
import { decodeCursor } from "../../repo/cursor.ts"
import { faultsOf } from "../decodeForm.ts"
import { findBot } from "../findBot.ts"
import { picker } from "../editor/picker.ts"
import { html, nothing } from "../html.ts"
import { PanelSession } from "../PanelSession.ts"
import { botPicker, chosenBot } from "../parts/filters.ts"
import { card, doneNotice, notice, pager, withQuery } from "../parts/ui.ts"
import { page, part, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"
import { libraryPage, noBots } from "./messages.ts"

const here = "/admin/midias"
const title = "Mídias"
const stale = "Esta página ficou aberta por tempo demais. Recarregue e envie de novo."

export const mediaPages = Effect.gen(function* () {
  const bots = yield* Bots
  const library = yield* MediaLibrary
  const sessions = yield* PanelSession
  const spool = yield* Spool

  const botOf = findBot(bots)

  const show = Effect.fnUntraced(function* (visit: Visit, bot: Bot, fault?: string) {
    const cursor = Option.getOrUndefined(Option.flatMap(Option.fromUndefinedOr(visit.query["cursor"]), decodeCursor))
    const { items, next_cursor } = yield* library.list(bot.slug, { limit: libraryPage, cursor })
    const body = html`${doneNotice(visit.query)} ${botPicker(here, bots.all(), bot)}
      ${card(`Biblioteca de ${bot.name}`, picker(visit.session, bot, items, { editor: false, fault }))}
      ${pager(here, { ...visit.query, bot: bot.slug }, next_cursor)}
      <p><a href="${withQuery("/admin/mensagens", { bot: bot.slug })}">Mensagens de ${bot.name}</a></p>`
    return page(visit.session, { title, here: "/admin/mensagens", body, status: fault === undefined ? 200 : 422 })
  })

  /** A sentence when it was refused. */
  const received = Effect.fnUntraced(function* (visit: Visit, bot: Bot) {
    const owner = yield* library.ownerOf(bot.slug)
    const upload = yield* Effect.result(readUpload(visit.request, spool))
    if (upload._tag === "Failure") return { editor: false, fault: upload.failure.message }
    const { fields, file, fileName, kind } = upload.success
    const editor = fields["editor"] === "1"
    const token = visit.request.headers["x-csrf-token"] ?? fields["_csrf"]
    if (!sessions.isCsrf(visit.session, token)) return { editor, fault: stale }
    return yield* library.add(owner, file, { fileName, kind }).pipe(
      Effect.as({ editor, fault: undefined }),
      Effect.catchTags({
        MediaRefused: ({ message }) => Effect.succeed({ editor, fault: message }),
        MediaStoreError: (error) =>
          Effect.as(Log.failure("Não consegui guardar um arquivo enviado", error), {
            editor,
            fault: `Não deu certo agora: ${error.message}.`
          })
      })
    )
  }, Effect.scoped)

  return [
    get(here, (visit) => {
      const bot = chosenBot(bots.all(), visit.query)
      return bot === undefined
        ? Effect.succeed(page(visit.session, { title, here: "/admin/mensagens", body: noBots }))
        : show(visit, bot)
    }),
    {
      ...post("/admin/midias/:slug", (visit) =>
        Effect.gen(function* () {
          const bot = yield* botOf(visit.params["slug"] ?? "")
          const { editor, fault } = yield* received(visit, bot)
          if (!visit.partial) {
            return fault === undefined
              ? redirect(withQuery(here, { bot: bot.slug, feito: "salvo" }))
              : yield* show(visit, bot, fault)
          }
          const { items } = yield* library.list(bot.slug, { limit: libraryPage })
          return part(picker(visit.session, yield* botOf(bot.slug), items, { editor, fault }))
        })
      ),
      upload: true
    },
    get("/admin/midias/:slug/:id/arquivo", ({ params }) =>
      library.open(params["slug"] ?? "", idOf(params["id"])).pipe(
        Effect.map(contentResponse),
        Effect.catchTag("MediaStoreError", (error) => Effect.fail(upstream(`Não deu certo agora: ${error.message}.`)))
      )
    ),
    post("/admin/midias/:slug/:id/apagar", (visit) =>
      Effect.gen(function* () {
        const bot = yield* botOf(visit.params["slug"] ?? "")
        return yield* library.remove(bot.slug, idOf(visit.params["id"])).pipe(
          Effect.map(() => redirect(withQuery(here, { bot: bot.slug, feito: "apagado" }))),
          Effect.catch((error: AdminError) =>
            Effect.succeed(
              page(visit.session, {
                title,
                here: "/admin/mensagens",
                status: 409,
                body: html`${notice("bad", Object.values(faultsOf(error)).join(" "))}
                  <p><a class="button" href="${withQuery(here, { bot: bot.slug })}">Voltar às mídias</a></p>
                  ${nothing}`
              })
            )
          )
        )
      })
    )
  ]
})

const idOf = (text: string | undefined): number => (/^\d{1,12}$/.test(text ?? "") ? Number(text) : 0)
