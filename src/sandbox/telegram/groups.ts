import { randomBytes } from "node:crypto"
import { notPossible, unknown } from "../SandboxError.ts"
import { makeChat, type BotState } from "./Bot.ts"
import { nowSeconds } from "./chats.ts"
import { enqueue } from "./updates.ts"
import type { Chat, InviteLink, User } from "./wire.ts"
import type { BotKey, PersonKey, World } from "./World.ts"

export type MemberStatus = "creator" | "administrator" | "member" | "left" | "kicked"

/** A group or channel, with the bots in it. */
export interface Group {
  readonly wire: Chat
  readonly members: Map<number, MemberStatus>
  /** Bots that are in, and whether each is an administrator. */
  readonly bots: Map<number, "administrator" | "member">
  readonly links: Map<string, { link: InviteLink; readonly joined: Set<number> }>
  /** People who asked to join, and by which link. */
  readonly requests: Map<number, string>
  lastMessageId: number
}

export interface NewGroup {
  readonly id: number
  readonly title?: string
  readonly username?: string
  readonly type?: "supergroup" | "channel"
}

/** How long a bot may write to somebody who asked to join. */
const GRANT_MS = 5 * 60_000

/** Makes a group known, with the bot in it. */
export const addGroup = (world: World, botKey: BotKey, group: NewGroup, role: "administrator" | "member"): Group => {
  const bot = world.bot(botKey)
  if (group.id >= 0) throw notPossible("O id de um grupo é negativo.")
  const state = world.groups.get(group.id) ?? makeGroup(group)
  world.groups.set(group.id, state)
  state.bots.set(bot.id, role)
  if (!bot.chats.has(group.id)) bot.chats.set(group.id, makeChat(state.wire))
  return state
}

const makeGroup = ({ id, title = "Grupo VIP", username, type = "supergroup" }: NewGroup): Group => ({
  wire: { id, type, title, ...(username === undefined ? {} : { username }) },
  members: new Map(),
  bots: new Map(),
  links: new Map(),
  requests: new Map(),
  lastMessageId: 0
})

export const groupOf = (world: World, id: number): Group => {
  const group = world.groups.get(id)
  if (group === undefined) throw unknown("O Telegram de mentira não conhece esse grupo.")
  return group
}

export const makeLink = (creator: User, rest: Partial<InviteLink>): InviteLink => ({
  invite_link: `https://t.me/+${randomBytes(12).toString("base64url")}`,
  creator,
  creates_join_request: false,
  is_primary: false,
  is_revoked: false,
  ...rest
})

/** A person opens an invite link: joins at once, or asks to join when the link says so. */
export const joinByLink = (world: World, personKey: PersonKey, inviteLink: string): "joined" | "requested" => {
  const { user } = world.personOf(personKey)
  const found = [...world.groups.values()].find((group) => group.links.has(inviteLink))
  const entry = found?.links.get(inviteLink)
  if (found === undefined || entry === undefined) throw unknown("Esse convite não existe.")
  const { link } = entry
  if (link.is_revoked) throw notPossible("Esse convite foi revogado.")
  if (link.expire_date !== undefined && link.expire_date <= nowSeconds()) throw notPossible("Esse convite venceu.")
  if (link.member_limit !== undefined && entry.joined.size >= link.member_limit)
    throw notPossible("Esse convite já foi usado.")
  if (found.members.get(user.id) === "kicked") throw notPossible("Essa pessoa foi banida do grupo.")
  if (!link.creates_join_request) {
    entry.joined.add(user.id)
    changeMember(world, found, user, "member", user, { invite_link: link })
    return "joined"
  }
  found.requests.set(user.id, inviteLink)
  for (const bot of botsIn(world, found)) {
    bot.grants.set(user.id, Date.now() + GRANT_MS)
    const payload = { chat: found.wire, from: user, user_chat_id: user.id, date: nowSeconds(), invite_link: link }
    enqueue(world, bot, "chat_join_request", `j${user.id}`, payload)
  }
  return "requested"
}

/** A person leaves a group; a place on a limited link becomes free again, as in Telegram. */
export const leave = (world: World, personKey: PersonKey, groupId: number): void => {
  const { user } = world.personOf(personKey)
  const group = groupOf(world, groupId)
  if (group.members.get(user.id) !== "member") throw notPossible("Essa pessoa não está no grupo.")
  for (const { joined } of group.links.values()) joined.delete(user.id)
  changeMember(world, group, user, "left", user, {})
}

/** Changes somebody's place in a group and tells the bots that administrate it. */
export const changeMember = (
  world: World,
  group: Group,
  user: User,
  status: MemberStatus,
  actor: User,
  extra: Record<string, unknown>
): void => {
  const before = group.members.get(user.id) ?? "left"
  if (before === status) return
  group.members.set(user.id, status)
  const payload = {
    chat: group.wire,
    from: actor,
    date: nowSeconds(),
    old_chat_member: memberOf(user, before),
    new_chat_member: memberOf(user, status),
    ...extra
  }
  for (const bot of botsIn(world, group)) enqueue(world, bot, "chat_member", `g${user.id}`, payload)
}

export const memberOf = (user: User, status: MemberStatus): Record<string, unknown> =>
  status === "kicked" ? { user, status, until_date: 0 } : { user, status }

const botsIn = (world: World, group: Group): ReadonlyArray<BotState> =>
  [...group.bots].filter(([, role]) => role === "administrator").flatMap(([id]) => world.botsById.get(id) ?? [])
