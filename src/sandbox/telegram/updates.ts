import type { BotState } from "./Bot.ts"
import { UPDATE_TYPES, type Update, type UpdateType } from "./wire.ts"
import type { World } from "./World.ts"

/** An update that waits to be delivered. */
export interface PendingUpdate {
  readonly id: number
  readonly type: UpdateType
  /** Updates of one key are delivered strictly one after another. */
  readonly key: string
  readonly json: string
  readonly update: Update
  readonly expiresAt: number
  started: boolean
  failures: number
  delaySeconds: number
  /** How often it still has to be acknowledged. */
  copies: number
}

const RECENT = 10_000

const ON_REQUEST: ReadonlySet<UpdateType> = new Set(["chat_member", "message_reaction", "message_reaction_count"])

/** How long Telegram keeps trying, in seconds. */
const LIFETIME: Partial<Record<UpdateType, number>> = {
  callback_query: 150,
  pre_checkout_query: 150,
  shipping_query: 150,
  inline_query: 30,
  chosen_inline_result: 600
}
const DAY_SECONDS = 24 * 3600

export const isUpdateType = (name: unknown): name is UpdateType => UPDATE_TYPES.some((type) => type === name)

/** Puts an update into the bot's queue, unless the bot did not ask for such updates. Answers its id, or 0. */
export const enqueue = (world: World, bot: BotState, type: UpdateType, key: string, payload: unknown): number => {
  if (bot.allowed === undefined ? ON_REQUEST.has(type) : !bot.allowed.includes(type)) return 0
  const id = bot.nextUpdateId++
  const update: Update = { update_id: id, [type]: payload }
  const pending: PendingUpdate = {
    id,
    type,
    key,
    update,
    json: JSON.stringify(update),
    expiresAt: performance.now() + (LIFETIME[type] ?? DAY_SECONDS) * 1000 * world.settings.timeScale,
    started: false,
    failures: 0,
    delaySeconds: 1,
    copies: 1
  }
  bot.updates.set(id, pending)
  bot.recent.set(id, pending)
  if (bot.recent.size > RECENT) bot.recent.delete(bot.recent.keys().next().value!)
  if (bot.sender === undefined) bot.poll?.flush()
  else bot.sender.push(pending)
  return id
}
