import { Option, Redacted } from "effect"
import type { BotView, PlanView } from "../domain/admin.ts"
import { usableTimeZone } from "../domain/hours.ts"
import type { MediaProgress } from "../domain/media.ts"
import { maskToken } from "../log/mask.ts"
import type { BotRow } from "../repo/BotsRepo.ts"
import type { PlanRow } from "../repo/PlansRepo.ts"
import { gatewayOf, secondGatewayOf } from "./gateway.ts"
import type { OpenedToken } from "./TokenVault.ts"
import { tokenTrouble } from "./tokenTrouble.ts"

/** Telegram's limit for bulk sending is about 30 per second and bot, and 1000 when it is paid for: a little less. */
export const defaultMessagesPerSecond = 29
export const defaultPaidMessagesPerSecond = 950
export const defaultExpiryMinutes = 60
/** More codes than anybody needs who means to pay. */
export const defaultMaxPixPerHour = 10

const noMedia: MediaProgress = { ready: 0, total: 0 }

export const viewOfBot = (row: BotRow, opened: OpenedToken, media: MediaProgress = noMedia): BotView => ({
  id: row.id,
  slug: row.slug,
  name: nameOf(row),
  username: row.botUsername,
  gateway: gatewayOf(row),
  second_gateway: secondGatewayOf(row),
  active: row.active && Option.isSome(opened.token),
  inactive_reason: inactiveReason(row, opened),
  token_masked: Option.getOrNull(Option.map(opened.token, (token) => maskToken(Redacted.value(token)))),
  webhook: {
    url: row.webhookUrl,
    error: row.webhookError,
    pending: row.webhookPending,
    checked_at: row.webhookCheckedAt?.toISOString() ?? null
  },
  messages_per_second: row.messagesPerSecond ?? defaultMessagesPerSecond,
  allow_paid_broadcast: row.allowPaidBroadcast,
  paid_messages_per_second: row.paidMessagesPerSecond ?? defaultPaidMessagesPerSecond,
  pix_expires_minutes: row.pixExpiresMinutes ?? defaultExpiryMinutes,
  max_pix_per_hour: row.maxPixPerHour ?? defaultMaxPixPerHour,
  shots_per_person: row.shotsPerPerson,
  shots_per_person_hours: row.shotsPerPersonHours,
  time_zone: usableTimeZone(row.timeZone),
  warmup_chat_id: row.warmupChatId,
  media,
  vip_chat_id: row.vipChatId,
  vip_error: row.vipError,
  withdraw_access: row.withdrawAccess,
  notice: row.notice,
  created_at: row.createdAt.toISOString()
})

export const nameOf = (row: BotRow): string => row.name ?? row.botName ?? row.slug

const inactiveReason = (row: BotRow, opened: OpenedToken): string | null => {
  if (Option.isNone(opened.token)) return `${tokenTrouble(row, opened) ?? ""}.`
  return row.active ? null : (row.inactiveReason ?? "O bot está pausado.")
}

export const viewOfPlan = (row: PlanRow): PlanView => ({
  id: row.id,
  name: row.name,
  price_cents: row.priceCents,
  active: row.active,
  delivery: row.delivery,
  vip_chat_id: row.vipChatId,
  created_at: row.createdAt.toISOString()
})
