import { mergeContents } from "../bots/storedContents.ts"
import type { Bot } from "../domain/bot.ts"
import { asLibrary } from "../domain/botMedia.ts"
import { readFilters, readStatus, type ShotCounts, type ShotView } from "../domain/shot.ts"
import { countsWhenCanceled, noCounts } from "../repo/shots/counts.ts"
import type { Sales, ShotRow } from "../repo/ShotsRepo.ts"
import { contentsOf } from "./shotContents.ts"

export const viewOfShot = (
  bot: Bot,
  row: ShotRow,
  counted: ShotCounts = noCounts,
  { revenueCents, sales }: Sales = { sales: 0, revenueCents: 0 }
): ShotView => {
  const status = readStatus(row.status)
  // What another system began is not sent on.
  const counts = status === "canceled" || !row.frozen ? countsWhenCanceled(counted) : counted
  const content = mergeContents(contentsOf(row)) ?? {}
  return {
    id: row.id,
    bot: bot.slug,
    title: row.title,
    status,
    content: asLibrary(content, bot.media),
    filters: readFilters(row.filters),
    scheduled_at: row.scheduledAt,
    error_limit_percent: row.errorLimitPercent,
    valid_hours: row.validHours,
    counts,
    progress: progressOf(bot, row, status === "sending", counts),
    sales,
    revenue_cents: revenueCents,
    stop_reason: row.stopReason,
    created_at: row.createdAt,
    started_at: row.startedAt,
    completed_at: row.completedAt
  }
}

const progressOf = (bot: Bot, row: ShotRow, sending: boolean, counts: ShotCounts): ShotView["progress"] => {
  const percent = counts.total === 0 ? 0 : Math.round((1 - counts.pending / counts.total) * 1000) / 10
  const expected = bot.allowPaidBroadcast ? bot.paidMessagesPerSecond : bot.messagesPerSecond
  const perSecond = row.perSecond === null ? null : Math.round(row.perSecond * 10) / 10
  const remainingMs = (counts.pending / (perSecond !== null && perSecond > 0 ? perSecond : expected)) * 1000
  return {
    percent,
    per_second: sending ? perSecond : null,
    expected_end: sending && bot.active ? new Date(Date.now() + remainingMs).toISOString() : null
  }
}
