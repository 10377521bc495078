import { Effect, Option } from "effect"
import { BotAdmin } from "../../bots/BotAdmin.ts"
import { Bots } from "../../bots/Bots.ts"
import { Config } from "../../config.ts"
import type { AdminError } from "../../domain/admin.ts"
import { reportedSteps, TrackingPatch } from "../../domain/tracking.ts"
import { decodeForm, faultsOf, orNull } from "../decodeForm.ts"
import { findBot } from "../findBot.ts"
import { html } from "../html.ts"
import { otherFaults } from "../parts/fields.ts"
import { botTabs } from "../parts/tabs.ts"
import { isTrackingField, trackingForm, trackingState } from "../parts/tracking.ts"
import { card, doneNotice, withQuery } from "../parts/ui.ts"
import { page, redirect } from "../respond.ts"
import { get, post, type Visit } from "../visit.ts"

const here = "/admin/bots"
const readPatch = decodeForm(TrackingPatch)

/** A bot's Pixel, what Meta and UTMify hear of it, and the visitor's consent. */
export const trackingPages = Effect.gen(function* () {
  const admin = yield* BotAdmin
  const bots = yield* Bots
  const { facebook, utmify } = yield* Config
  const server = { utmify: Option.isSome(utmify.token), testing: Option.isSome(facebook.testEventCode) }
  const botOf = findBot(bots)

  const show = Effect.fnUntraced(function* (visit: Visit, error?: AdminError) {
    const { form, params, query, session } = visit
    const bot = yield* botOf(params["slug"])
    const view = yield* admin.tracking(bot.slug)
    const faults = error === undefined ? {} : faultsOf(error)
    const body = html`${botTabs(bot.slug, "tracking")} ${doneNotice(query)} ${otherFaults(faults, isTrackingField)}
    ${card("Agora", trackingState(view, server))}
    ${card("Ajustes", trackingForm(session, bot.slug, view, faults, error === undefined ? undefined : form))}`
    const title = `Pixel e UTMify de ${bot.name}`
    return page(session, { title, here, body, status: error === undefined ? 200 : 422 })
  })

  return [
    get("/admin/bots/:slug/rastreamento", (visit) => show(visit)),
    post("/admin/bots/:slug/rastreamento", (visit) =>
      readPatch(patchOf(visit.form)).pipe(
        Effect.flatMap((patch) => admin.patchTracking(visit.params["slug"] ?? "", patch)),
        Effect.map(() => redirect(withQuery(`/admin/bots/${visit.params["slug"]}/rastreamento`, { feito: "salvo" }))),
        Effect.catch((error: AdminError) => show(visit, error))
      )
    )
  ]
})

const patchOf = (form: URLSearchParams) => {
  const token = orNull(form.get("pixel_token"))
  return {
    pixel_id: orNull(form.get("pixel_id")),
    // A field left empty keeps the token: it is never shown, so it cannot be sent back.
    ...(form.has("forget_token") ? { pixel_token: null } : token === null ? {} : { pixel_token: token }),
    test_event_code: orNull(form.get("test_event_code")),
    meta_events: Object.fromEntries(
      reportedSteps.map((step) => [
        step,
        {
          name: orNull(form.get(`meta_events.${step}.name`)),
          action_source: form.get(`meta_events.${step}.action_source`)
        }
      ])
    ),
    consent_required: form.has("consent_required"),
    utmify_waiting_payment: form.has("utmify_waiting_payment")
  }
}
