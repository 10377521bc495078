import type { BotState } from "../Bot.ts"
import { changeMember, type Group, makeLink, memberOf } from "../groups.ts"
import { flagOf, integerOf, textOf } from "../params.ts"
import { badRequest, forbidden } from "../Refusal.ts"
import type { InviteLink, User } from "../wire.ts"
import { type CallContext, chatOf, type Method } from "./Method.ts"

export const createChatInviteLink: Method = (call) => {
  const { bot, params } = call
  const group = administrated(call)
  const limit = integerOf(params, "member_limit")
  const expires = integerOf(params, "expire_date")
  const byRequest = flagOf(params, "creates_join_request")
  const name = textOf(params, "name")
  if (limit !== undefined && (limit < 1 || limit > 99_999)) throw badRequest("invalid member limit specified")
  if (limit !== undefined && byRequest) {
    throw badRequest("member limit can't be specified for links requiring administrator approval")
  }
  if ([...name].length > 32) throw badRequest("invite link name is too long")
  const link = makeLink(bot.user, {
    creates_join_request: byRequest,
    ...(name === "" ? {} : { name }),
    ...(limit === undefined ? {} : { member_limit: limit }),
    ...(expires === undefined || expires === 0 ? {} : { expire_date: expires })
  })
  group.links.set(link.invite_link, { link, joined: new Set() })
  return link
}

export const revokeChatInviteLink: Method = (call) => {
  const group = administrated(call)
  const entry = group.links.get(textOf(call.params, "invite_link"))
  if (entry === undefined) throw badRequest("INVITE_HASH_EXPIRED")
  entry.link = { ...entry.link, is_revoked: true } satisfies InviteLink
  return entry.link
}

/** approveChatJoinRequest and declineChatJoinRequest. */
export const answerJoinRequest =
  (approve: boolean): Method =>
  (call) => {
    const group = administrated(call)
    const user = userOf(call)
    const link = group.requests.get(user.id)
    if (group.members.get(user.id) === "member") throw badRequest("USER_ALREADY_PARTICIPANT")
    if (link === undefined) throw badRequest("HIDE_REQUESTER_MISSING")
    group.requests.delete(user.id)
    const invite = group.links.get(link)?.link
    if (approve) changeMember(call.world, group, user, "member", user, { invite_link: invite, via_join_request: true })
    return true
  }

export const banChatMember: Method = (call) => {
  const group = administrated(call)
  const user = userOf(call)
  demandNoAdministrator(group, user)
  changeMember(call.world, group, user, "kicked", call.bot.user, {})
  return true
}

/** Lifts a ban; somebody who is in the group is removed too, unless `only_if_banned` is given. */
export const unbanChatMember: Method = (call) => {
  const group = administrated(call)
  const user = userOf(call)
  demandNoAdministrator(group, user)
  const banned = group.members.get(user.id) === "kicked"
  if (banned || !flagOf(call.params, "only_if_banned")) changeMember(call.world, group, user, "left", call.bot.user, {})
  return true
}

export const getChat: Method = (call) => {
  const { wire } = chatOf(call)
  return { ...wire, accent_color_id: 0, max_reaction_count: 11 }
}

export const getChatMember: Method = (call) => {
  const group = joined(call)
  const id = integerOf(call.params, "user_id")
  if (id === call.bot.id) return memberOf(call.bot.user, group.bots.get(call.bot.id) ?? "left")
  const user = userOf(call)
  return memberOf(user, group.members.get(user.id) ?? "left")
}

const joined = (call: CallContext): Group => {
  const { wire } = chatOf(call)
  const group = call.world.groups.get(wire.id)
  if (group === undefined) throw badRequest("method is available for supergroup and channel chats only")
  if (!group.bots.has(call.bot.id)) throw forbidden(`bot is not a member of the ${wire.type} chat`)
  return group
}

const administrated = (call: CallContext): Group => {
  const group = joined(call)
  if (!isAdministrator(group, call.bot)) throw badRequest("not enough rights")
  return group
}

const isAdministrator = (group: Group, bot: BotState): boolean => group.bots.get(bot.id) === "administrator"

const userOf = (call: CallContext): User => {
  const id = integerOf(call.params, "user_id")
  if (id === undefined) throw badRequest("invalid user_id specified")
  const person = call.world.people.get(id)
  if (person === undefined) throw badRequest("PARTICIPANT_ID_INVALID")
  return person.user
}

const demandNoAdministrator = (group: Group, user: User): void => {
  const status = group.members.get(user.id)
  if (status === "creator" || status === "administrator") throw badRequest("user is an administrator of the chat")
}
