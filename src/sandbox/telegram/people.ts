import { notPossible, unknown } from "../SandboxError.ts"
import type { BotState, ChatState } from "./Bot.ts"
import { makeChat } from "./Bot.ts"
import { keep, nextMessageId, nowSeconds, privateChat, touch } from "./chats.ts"
import { enqueue } from "./updates.ts"
import type { Entity, Message, User } from "./wire.ts"
import type { BotKey, PersonKey, World } from "./World.ts"

export interface Person {
  user: User
  deactivated: boolean
}

export interface NewPerson {
  readonly id: number
  readonly first_name?: string
  readonly last_name?: string
  readonly username?: string
  readonly language_code?: string
}

/** What a person's action set in motion; `updateId` is 0 when the bot does not ask for such updates. */
export interface Sent {
  readonly updateId: number
  readonly messageId: number
}

export const addPerson = (world: World, { id, first_name = "Pessoa", ...rest }: NewPerson): User => {
  const user: User = { id, is_bot: false, first_name, language_code: "pt-br", ...rest }
  const before = world.people.get(id)
  if (before === undefined) world.people.set(id, { user, deactivated: false })
  else before.user = user
  return user
}

/** A person writes to a bot. The first message makes the chat known; writing to a blocked bot unblocks it. */
export const sendText = (world: World, botKey: BotKey, personKey: PersonKey, text: string): Sent => {
  const bot = world.bot(botKey)
  const { user, chat } = meet(world, bot, personKey)
  if (chat.blocked) setBlocked(world, bot, user.id, false)
  const entities = commandsIn(text)
  const message: Message = {
    message_id: nextMessageId(world, bot, chat),
    from: user,
    chat: chat.wire,
    date: nowSeconds(),
    text,
    ...(entities.length === 0 ? {} : { entities })
  }
  keep(world, bot, chat, message, { byBot: false, file: undefined })
  return { updateId: enqueue(world, bot, "message", `m${chat.wire.id}`, message), messageId: message.message_id }
}

/** A person taps a button. Only buttons the message has can be tapped, unless `forged` says otherwise. */
export const tap = (
  world: World,
  botKey: BotKey,
  personKey: PersonKey,
  messageId: number,
  data: string,
  forged = false
): Sent & { readonly queryId: string } => {
  const bot = world.bot(botKey)
  const { user, chat } = meet(world, bot, personKey)
  const message = chat.messages.get(messageId)?.message
  const has = message?.reply_markup?.inline_keyboard.some((row) => row.some((button) => button.callback_data === data))
  if (has !== true && !forged && world.settings.transcripts) throw unknown("Essa mensagem não tem esse botão.")
  const queryId = world.nextQueryId()
  const query = {
    id: queryId,
    from: user,
    // A message that is gone arrives as an inaccessible one.
    message: message ?? { chat: chat.wire, message_id: messageId, date: 0 },
    chat_instance: String(chat.wire.id * 7919),
    data
  }
  return { updateId: enqueue(world, bot, "callback_query", `c${user.id}`, query), messageId, queryId }
}

/** Taps the newest visible button with this label. */
export const press = (world: World, botKey: BotKey, personKey: PersonKey, label: string): ReturnType<typeof tap> => {
  const bot = world.bot(botKey)
  const { chat } = meet(world, bot, personKey)
  for (const { message } of [...chat.messages.values()].toReversed()) {
    for (const button of message.reply_markup?.inline_keyboard.flat() ?? []) {
      if (button.text !== label || button.callback_data === undefined) continue
      return tap(world, botKey, personKey, message.message_id, button.callback_data)
    }
  }
  throw unknown(`Nenhuma mensagem visível tem o botão "${label}".`)
}

/** Blocks or unblocks the bot; only a change is told to the bot. */
export const setBlocked = (world: World, botKey: BotKey, personKey: PersonKey, blocked: boolean): Sent => {
  const bot = world.bot(botKey)
  const { user, chat } = meet(world, bot, personKey)
  if (chat.blocked === blocked) return { updateId: 0, messageId: 0 }
  chat.blocked = blocked
  touch(world, bot, chat)
  const member = { user: bot.user, status: "member" }
  const kicked = { user: bot.user, status: "kicked", until_date: 0 }
  const payload = {
    chat: chat.wire,
    from: user,
    date: nowSeconds(),
    old_chat_member: blocked ? member : kicked,
    new_chat_member: blocked ? kicked : member
  }
  return { updateId: enqueue(world, bot, "my_chat_member", `b${chat.wire.id}`, payload), messageId: 0 }
}

const meet = (world: World, bot: BotState, key: PersonKey): { readonly user: User; readonly chat: ChatState } => {
  const { user, deactivated } = world.personOf(key)
  if (deactivated) throw notPossible("Essa conta foi desativada.")
  const known = bot.chats.get(user.id)
  if (known !== undefined) return { user, chat: known }
  const chat = makeChat(privateChat(user))
  bot.chats.set(user.id, chat)
  return { user, chat }
}

const commandsIn = (text: string): ReadonlyArray<Entity> =>
  [...text.matchAll(/(?<=^|\s)\/\w{1,32}(?:@\w+)?/g)].map((found) => ({
    type: "bot_command",
    offset: found.index,
    length: found[0].length
  }))
