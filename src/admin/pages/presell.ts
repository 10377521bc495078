import { Effect, Option } from "effect"
import { HttpServerResponse } from "effect/http"
import { BotAdmin } from "../../bots/BotAdmin.ts"
import { Bots } from "../../bots/Bots.ts"
import { Config } from "../../config.ts"
import type { AdminError } from "../../domain/admin.ts"
import { PresellContent } from "../../domain/tracking.ts"
import { presellPage } from "../../http/tracking/presell.ts"
import { decodeForm, faultsOf, orNull } from "../decodeForm.ts"
import { findBot } from "../findBot.ts"
import { html } from "../html.ts"
import { otherFaults } from "../parts/fields.ts"
import { addresses, presellForm, presellFields } from "../parts/presell.ts"
import { botTabs } from "../parts/tabs.ts"
import { card, doneNotice, withQuery } from "../parts/ui.ts"
import { page, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"

const here = "/admin/bots"
const readContent = decodeForm(PresellContent)

// The page has its style inside, and its picture is wherever the seller keeps it; nothing in it may run or lead away.
const previewPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; base-uri 'none'"

const contentOf = (form: URLSearchParams): Record<string, string> =>
  Object.fromEntries(
    presellFields.flatMap((name) => {
      const words = orNull(form.get(name))
      return words === null ? [] : [[name, words.replaceAll("\r\n", "\n")]]
    })
  )

/** What a visitor sees between the ad and the bot, and the addresses that bring him there. */
export const presellPages = Effect.gen(function* () {
  const admin = yield* BotAdmin
  const bots = yield* Bots
  const { publicUrl } = yield* Config
  const botOf = findBot(bots)

  const show = Effect.fnUntraced(function* (visit: Visit, error?: AdminError) {
    const { form, params, query, session } = visit
    const bot = yield* botOf(params["slug"])
    const faults = error === undefined ? {} : faultsOf(error)
    const content = error === undefined ? yield* admin.presell(bot.slug) : contentOf(form)
    const body = html`${botTabs(bot.slug, "presell")} ${doneNotice(query)}
    ${otherFaults(faults, (path) => presellFields.some((name) => name === path))}
    ${card("Endereços", addresses(bot.slug, Option.getOrUndefined(publicUrl)))}
    ${card("O que a página diz", presellForm(session, bot, content, faults))}`
    const title = `Página de vendas de ${bot.name}`
    return page(session, { title, here, body, status: error === undefined ? 200 : 422 })
  })

  return [
    get("/admin/bots/:slug/presell", (visit) => show(visit)),
    post("/admin/bots/:slug/presell", (visit) =>
      readContent(contentOf(visit.form)).pipe(
        Effect.flatMap((content) => admin.putPresell(visit.params["slug"] ?? "", content)),
        Effect.map(() => redirect(withQuery(`/admin/bots/${visit.params["slug"]}/presell`, { feito: "salvo" }))),
        Effect.catch((error: AdminError) => show(visit, error))
      )
    ),
    post("/admin/bots/:slug/presell/previa", (visit) =>
      Effect.gen(function* () {
        const bot = yield* botOf(visit.params["slug"])
        return yield* readContent(contentOf(visit.form)).pipe(
          Effect.map((presell) =>
            HttpServerResponse.text(presellPage({ ...bot, tracking: { ...bot.tracking, presell } }, "preview"), {
              contentType: "text/html; charset=utf-8",
              headers: { "content-security-policy": previewPolicy }
            })
          ),
          Effect.catch((error: AdminError) => show(visit, error))
        )
      })
    )
  ]
})
