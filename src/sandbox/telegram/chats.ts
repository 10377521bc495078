import type { BotState, ChatState, Entry } from "./Bot.ts"
import { makeChat } from "./Bot.ts"
import { badRequest, forbidden } from "./Refusal.ts"
import type { Chat, Message } from "./wire.ts"
import type { World } from "./World.ts"

/** The chat a call is about, or Telegram's refusal when the bot may not know it. */
export const findChat = (world: World, bot: BotState, chatId: string): ChatState => {
  const text = chatId.trim()
  if (text === "") throw badRequest("chat_id is empty")
  if (text.startsWith("@")) {
    const group = [...world.groups.values()].find(({ wire }) => `@${wire.username ?? ""}` === text)
    const chat = group === undefined ? undefined : bot.chats.get(group.wire.id)
    if (chat === undefined) throw badRequest("chat not found")
    return chat
  }
  const id = Number(text)
  return bot.chats.get(id) ?? unmetChat(world, bot, id)
}

const unmetChat = (world: World, bot: BotState, id: number): ChatState => {
  if (world.botsById.has(id)) throw forbidden("bot can't send messages to bots")
  const granted = (bot.grants.get(id) ?? 0) > Date.now()
  const allowed = granted || world.settings.acceptUnknownChats
  if (!allowed || !Number.isSafeInteger(id) || id <= 0) throw badRequest("chat not found")
  const person = world.people.get(id)
  const chat = makeChat(person === undefined ? { id, type: "private", first_name: "Pessoa" } : privateChat(person.user))
  if (world.settings.transcripts) bot.chats.set(id, chat)
  return chat
}

/** Refuses to write where the bot was blocked, the account is gone, or the bot was thrown out. */
export const demandWriteAccess = (world: World, bot: BotState, chat: ChatState): void => {
  if (chat.wire.type === "private") {
    if (world.people.get(chat.wire.id)?.deactivated === true) throw forbidden("user is deactivated")
    if (chat.blocked) throw forbidden("bot was blocked by the user")
    return
  }
  const group = world.groups.get(chat.wire.id)
  if (group?.bots.get(bot.id) === undefined) throw forbidden(`bot is not a member of the ${chat.wire.type} chat`)
}

export const privateChat = (user: {
  readonly id: number
  readonly first_name: string
  readonly last_name?: string
  readonly username?: string
}): Chat => {
  const { id, first_name, last_name, username } = user
  return {
    id,
    type: "private",
    first_name,
    ...(last_name === undefined ? {} : { last_name }),
    ...(username === undefined ? {} : { username })
  }
}

export const nextMessageId = (world: World, bot: BotState, chat: ChatState): number => {
  const group = world.groups.get(chat.wire.id)
  return group === undefined ? ++bot.lastMessageId : ++group.lastMessageId
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

/** Puts a message into the transcript, or replaces it. */
export const keep = (
  world: World,
  bot: BotState,
  chat: ChatState,
  message: Message,
  rest: Omit<Entry, "message">
): void => {
  if (!world.settings.transcripts) return
  chat.messages.set(message.message_id, { message, ...rest })
  touch(world, bot, chat)
}

export const touch = (world: World, bot: BotState, chat: ChatState): void => {
  chat.version++
  world.changes.emit({ botId: bot.id, chatId: chat.wire.id, version: chat.version })
}
