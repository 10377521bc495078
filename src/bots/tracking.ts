import { Option, Schema } from "effect"
import type { ConfigShape } from "../config/parse.ts"
import {
  type BotTracking,
  defaultMetaEvents,
  MetaEvent,
  type MetaEvents,
  PresellContent,
  reportedSteps
} from "../domain/tracking.ts"
import type { TrackingSettingsRow } from "../repo/TrackingSettingsRepo.ts"
import type { TokenVault } from "./TokenVault.ts"

type Vault = Pick<TokenVault["Service"], "unseal">

/** What holds for a bot: its own settings, then those of the environment, then the contract's defaults. */
export const trackingOf = (
  row: TrackingSettingsRow | undefined,
  { facebook }: Pick<ConfigShape, "facebook">,
  vault: Vault
): BotTracking => ({
  pixel: pixelOf(row, facebook, vault),
  testEventCode: row === undefined || row.pixelId === null ? Option.none() : Option.fromNullOr(row.testEventCode),
  metaEvents: metaEventsOf(row),
  consentRequired: row?.consentRequired ?? false,
  utmifyWaitingPayment: row?.utmifyWaitingPayment ?? true,
  presell: presellOf(row)
})

/** A token opens one pixel: that of the environment is never used with a pixel that is not the environment's. */
const pixelOf = (
  row: TrackingSettingsRow | undefined,
  facebook: ConfigShape["facebook"],
  vault: Vault
): BotTracking["pixel"] => {
  const common = Option.map(facebook.pixelId, (id) => ({ id, token: facebook.accessToken }))
  if (row === undefined || row.pixelId === null) return common
  const { pixelId, pixelToken, pixelTokenIv } = row
  const own =
    pixelToken === null || pixelTokenIv === null
      ? Option.none()
      : vault.unseal({ tokenEncrypted: pixelToken, tokenIv: pixelTokenIv })
  if (Option.isNone(own) && Option.contains(facebook.pixelId, pixelId)) return common
  return Option.some({ id: pixelId, token: own })
}

/** Written by SQL too, so read part by part: one that makes no sense leaves the default in its place. */
export const metaEventsOf = (row: TrackingSettingsRow | undefined): MetaEvents => {
  const stored = row?.metaEvents as Readonly<Record<string, unknown>> | null | undefined
  const entries = reportedSteps.map((step) => [
    step,
    Option.getOrElse(decodeEvent(stored?.[step]), () => defaultMetaEvents[step])
  ])
  return Object.fromEntries(entries) as MetaEvents
}

export const presellOf = (row: TrackingSettingsRow | undefined): PresellContent =>
  Option.getOrElse(decodePresell(row?.presell ?? {}), () => ({}))

const decodeEvent = Schema.decodeUnknownOption(MetaEvent)
const decodePresell = Schema.decodeUnknownOption(PresellContent)
