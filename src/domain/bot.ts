import type { Option, Redacted } from "effect"
import type { BotLibrary } from "./botMedia.ts"
import type { MessageContent } from "./content.ts"
import type { Downsell } from "./downsell.ts"
import type { BotTracking } from "./tracking.ts"

/** `^[a-z0-9][a-z0-9_-]{1,63}$` (contract, section 4). */
export const slugPattern = /^[a-z0-9][a-z0-9_-]{1,63}$/

export interface Plan {
  readonly id: number
  readonly name: string
  readonly priceCents: number
  readonly active: boolean
  readonly delivery: Option.Option<MessageContent>
  readonly vipChatId: Option.Option<string>
}

/** A bot as the hot path needs it: everything in memory, nothing to read before the first message leaves. */
export interface Bot {
  readonly id: number
  readonly slug: string
  readonly name: string
  readonly username: Option.Option<string>
  readonly gateway: string
  /** Charges when the first one is away or refuses. */
  readonly secondGateway: Option.Option<string>
  readonly active: boolean
  readonly token: Option.Option<Redacted.Redacted<string>>
  readonly webhookSecret: Option.Option<string>
  readonly webhookUrl: Option.Option<string>
  /** The seller's own notice, shown with the PIX. */
  readonly notice: Option.Option<string>
  readonly pixExpiresMinutes: number
  /** Unpaid codes that one person may have made within an hour: each may cost the seller a fee. */
  readonly maxPixPerHour: number
  /** Bulk messages (downsells and shots) per second; replies are not counted. */
  readonly messagesPerSecond: number
  /** Bulk goes out as Telegram's paid broadcast, at its own rate. */
  readonly allowPaidBroadcast: boolean
  readonly paidMessagesPerSecond: number
  readonly vipChatId: Option.Option<string>
  /** Whoever gets his money back loses his place in the VIP group. */
  readonly withdrawAccess: boolean
  /** Where each file of the bot is sent once, so that Telegram knows it. */
  readonly warmupChatId: Option.Option<string>
  readonly media: BotLibrary
  readonly tracking: BotTracking
  /** `/start` may be several messages in the old databases, in their order. */
  readonly start: ReadonlyArray<MessageContent>
  readonly messages: ReadonlyMap<string, MessageContent>
  /** Removed ones too, as inactive: who bought one is owed its delivery. */
  readonly plans: ReadonlyMap<number, Plan>
  readonly downsells: ReadonlyMap<number, Downsell>
  /** Contents of shots whose buttons may carry a price of their own. */
  readonly offers: ReadonlyArray<MessageContent>
}

/**
 * The price of a tap. A button's callback data is in the hands of whoever taps, so a price other than the plan's own
 * counts only if one of the bot's contents offers it; else the plan's own price holds.
 */
export const offeredPrice = (bot: Bot, plan: Plan, asked: number | undefined): number => {
  if (asked === undefined || asked === plan.priceCents) return plan.priceCents
  const downsells = [...bot.downsells.values()].flatMap((downsell) => downsell.contents)
  const offers = [...bot.start, ...bot.messages.values(), ...downsells, ...bot.offers].some((content) =>
    content.buttons?.some((row) =>
      row.some((button) => "plan_id" in button && button.plan_id === plan.id && button.price_cents === asked)
    )
  )
  return offers ? asked : plan.priceCents
}
