import { randomInt } from "node:crypto"
import type { MediaFile } from "./media.ts"
import type { Poll } from "./Polling.ts"
import type { PendingUpdate } from "./updates.ts"
import type { WebhookSender } from "./Webhook.ts"
import type { Chat, Message, UpdateType, User } from "./wire.ts"

export interface NewBot {
  readonly token: string
  readonly username?: string
  readonly name?: string
}

/** One message as it stands after edits. */
export interface Entry {
  message: Message
  readonly byBot: boolean
  file: MediaFile | undefined
}

export interface ChatState {
  readonly wire: Chat
  blocked: boolean
  /** Grows with every change, so that a page can wait for the next one. */
  version: number
  readonly messages: Map<number, Entry>
}

export interface WebhookConfig {
  readonly url: string
  readonly secretToken: string
  readonly maxConnections: number
  readonly setAt: number
}

/** Everything the stand-in keeps of one bot. */
export interface BotState {
  readonly id: number
  token: string
  user: User
  readonly chats: Map<number, ChatState>
  readonly updates: Map<number, PendingUpdate>
  /** The last updates, delivered or not, so that any of them can be delivered again. */
  readonly recent: Map<number, PendingUpdate>
  nextUpdateId: number
  /** One sequence for all private chats of a bot, as in Telegram; groups have their own. */
  lastMessageId: number
  allowed: ReadonlyArray<UpdateType> | undefined
  webhook: WebhookConfig | undefined
  lastError: { readonly date: number; readonly message: string } | undefined
  sender: WebhookSender | undefined
  poll: Poll | undefined
  commands: unknown
  /** People whose join request lets the bot write to them although they never started it, and until when. */
  readonly grants: Map<number, number>
}

export const makeBot = (id: number, bot: NewBot): BotState => ({
  id,
  token: bot.token,
  user: { id, is_bot: true, first_name: bot.name ?? "Bot de teste", username: bot.username ?? `sandbox_${id}_bot` },
  chats: new Map(),
  updates: new Map(),
  recent: new Map(),
  nextUpdateId: randomInt(100_000_000, 900_000_000),
  lastMessageId: 0,
  allowed: undefined,
  webhook: undefined,
  lastError: undefined,
  sender: undefined,
  poll: undefined,
  commands: [],
  grants: new Map()
})

export const makeChat = (wire: Chat): ChatState => ({ wire, blocked: false, version: 0, messages: new Map() })
