import { Effect, Option, Redacted } from "effect"
import { Config } from "../config.ts"
import type { PresellContent, TrackingPatch, TrackingView } from "../domain/tracking.ts"
import * as Log from "../log/Log.ts"
import { maskToken } from "../log/mask.ts"
import type { BotRow } from "../repo/BotsRepo.ts"
import {
  type TrackingSettingsColumns,
  TrackingSettingsRepo,
  type TrackingSettingsRow
} from "../repo/TrackingSettingsRepo.ts"
import { Bots } from "./Bots.ts"
import type { RowOf } from "./planAdmin.ts"
import { invalid, orDefect } from "./refusals.ts"
import { TokenVault } from "./TokenVault.ts"
import { metaEventsOf, presellOf, trackingOf } from "./tracking.ts"

export const makeTrackingAdmin = Effect.fnUntraced(function* (rowOf: RowOf) {
  const bots = yield* Bots
  const config = yield* Config
  const repo = yield* TrackingSettingsRepo
  const vault = yield* TokenVault

  const settingsOf = (row: BotRow) => Effect.map(repo.load({ ids: [row.id], slugs: [] }), ([settings]) => settings)

  const viewOf = (settings: TrackingSettingsRow | undefined): TrackingView => {
    const { consentRequired, metaEvents, pixel, testEventCode, utmifyWaitingPayment } = trackingOf(
      settings,
      config,
      vault
    )
    const own = settings !== undefined && settings.pixelId !== null
    const token = Option.flatMap(pixel, (one) => one.token)
    return {
      pixel_id: Option.getOrNull(Option.map(pixel, (one) => one.id)),
      pixel_from: own ? "bot" : Option.isSome(pixel) ? "env" : null,
      pixel_token_masked: Option.getOrNull(Option.map(token, (one) => maskToken(Redacted.value(one)))),
      test_event_code: Option.getOrNull(testEventCode),
      meta_events: metaEvents,
      consent_required: consentRequired,
      utmify_waiting_payment: utmifyWaitingPayment
    }
  }

  const tracking = Effect.fn("BotAdmin.tracking")(
    (slug: string) => Effect.map(Effect.flatMap(rowOf(slug), settingsOf), viewOf),
    orDefect
  )

  const columnsOf = (patch: TrackingPatch, before: TrackingSettingsRow | undefined): TrackingSettingsColumns => {
    const { meta_events, pixel_token, ...plain } = patch
    const sealed = typeof pixel_token === "string" ? vault.seal(Redacted.make(pixel_token)) : undefined
    // Another pixel has another token: the old one is worth nothing to it.
    const changesPixel = plain.pixel_id !== undefined && plain.pixel_id !== (before?.pixelId ?? null)
    const forgets = pixel_token === null || changesPixel
    return {
      ...plain,
      ...(meta_events === undefined ? {} : { meta_events: { ...metaEventsOf(before), ...meta_events } }),
      ...(forgets ? { pixel_token: null, pixel_token_iv: null } : {}),
      ...(changesPixel && plain.test_event_code === undefined ? { test_event_code: null } : {}),
      ...(sealed === undefined ? {} : { pixel_token: sealed.tokenEncrypted, pixel_token_iv: sealed.tokenIv })
    }
  }

  const patchTracking = Effect.fn("BotAdmin.patchTracking")(function* (slug: string, patch: TrackingPatch) {
    const row = yield* rowOf(slug)
    const before = yield* settingsOf(row)
    const pixelId = patch.pixel_id === undefined ? before?.pixelId : patch.pixel_id
    if (typeof patch.pixel_token === "string" && (pixelId === null || pixelId === undefined)) {
      return yield* invalid({ pixel_token: "Um token precisa do pixel a que pertence: envie também pixel_id." })
    }
    if (typeof patch.test_event_code === "string" && (pixelId === null || pixelId === undefined)) {
      return yield* invalid({
        test_event_code: "Este código é do pixel do bot: envie também pixel_id. O do ambiente fica no .env."
      })
    }
    const columns = columnsOf(patch, before)
    if (Object.keys(columns).length > 0) {
      yield* repo.save(row.id, columns)
      yield* bots.reload(row.id)
      yield* Log.info(`[BOT] Rastreamento do bot ${slug} alterado: ${Object.keys(patch).join(", ")}`, { slug })
    }
    return viewOf(yield* settingsOf(row))
  }, orDefect)

  const presell = Effect.fn("BotAdmin.presell")(
    (slug: string) => Effect.map(Effect.flatMap(rowOf(slug), settingsOf), presellOf),
    orDefect
  )

  const putPresell = Effect.fn("BotAdmin.putPresell")(function* (slug: string, content: PresellContent) {
    const row = yield* rowOf(slug)
    yield* repo.save(row.id, { presell: content })
    yield* bots.reload(row.id)
    yield* Log.info(`[BOT] Página de presell do bot ${slug} alterada`, { slug })
    return content
  }, orDefect)

  return { tracking, patchTracking, presell, putPresell }
})
