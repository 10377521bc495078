import { mergeContents } from "../bots/storedContents.ts"
import type { Bot } from "../domain/bot.ts"
import { asLibrary } from "../domain/botMedia.ts"
import type { DownsellView } from "../domain/downsellInput.ts"
import { clockOfMinutes } from "../domain/hours.ts"
import type { DownsellRow, DownsellTally } from "../repo/DownsellsRepo.ts"

const nothing: DownsellTally = {
  pending: 0,
  sent: 0,
  failed: 0,
  blocked: 0,
  ambiguous: 0,
  canceled: 0,
  skipped: 0,
  expired: 0,
  sales: 0,
  revenueCents: 0
}

/** As the seller edits it: what an older system wrote, in today's words. */
export const viewOfDownsell = (bot: Bot, row: DownsellRow, tally: DownsellTally = nothing): DownsellView => {
  const { revenueCents, sales, ...counts } = tally
  const content = mergeContents(bot.downsells.get(row.id)?.contents ?? []) ?? {}
  return {
    id: row.id,
    bot: bot.slug,
    name: row.name,
    trigger: row.onStart ? "start" : "pix",
    delay_seconds: row.delaySeconds,
    content: asLibrary(content, bot.media),
    active: row.active,
    hours:
      row.fromMinutes === null || row.toMinutes === null
        ? null
        : { from: clockOfMinutes(row.fromMinutes), to: clockOfMinutes(row.toMinutes) },
    repeat_after_seconds: row.repeatAfterSeconds,
    drop_after_seconds: row.dropAfterSeconds,
    to_buyers: row.toBuyers,
    counts,
    sales,
    revenue_cents: revenueCents,
    created_at: row.createdAt.toISOString()
  }
}
