import { Effect, Option } from "effect"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import { type Access, AccessRepo } from "../../repo/AccessRepo.ts"
import { TelegramClient } from "../../telegram/TelegramClient.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"
import { makeTrouble } from "../deliveries/groupTrouble.ts"
import { troubleOf } from "../deliveries/vipChat.ts"
import type { Handled, HandlerError } from "../Handlers.ts"
import { silent, type UpdateJob } from "../job.ts"
import type { Incoming } from "../update.ts"

type Join = Extract<Incoming, { readonly kind: "join" }>

/**
 * Somebody asks to come into a group. Whoever paid for it is let in; whoever asks by a link that was made for a buyer is
 * not. Other links are the seller's own, and so are their answers.
 */
export const makeJoin = Effect.gen(function* () {
  const access = yield* AccessRepo
  const telegram = yield* TelegramClient
  const { told } = yield* makeTrouble

  const call = (bot: Bot, method: string, payload: object) =>
    Option.isNone(bot.token) ? Effect.void : Effect.asVoid(telegram.call(bot.token.value, method, payload))

  const fields = (bot: Bot, { person }: Join) => ({ slug: bot.slug, telegram_id: person.telegramId })

  const approve = Effect.fnUntraced(function* (bot: Bot, join: Join, place: Access) {
    const payload = { chat_id: join.chatId, user_id: join.person.telegramId }
    const answer = yield* Effect.result(
      Effect.catchIf(call(bot, "approveChatJoinRequest", payload), isIn, () => Effect.void)
    )
    if (answer._tag === "Failure") {
      const trouble = troubleOf(bot, place.chatId, answer.failure)
      if (Option.isNone(trouble)) return yield* answer.failure
      return yield* told(bot, trouble.value)
    }
    yield* access.joined(place.paymentId)
    // It has done its work; what is left of it would only invite others to ask.
    if (place.inviteLink !== null) {
      yield* Effect.ignore(call(bot, "revokeChatInviteLink", { chat_id: join.chatId, invite_link: place.inviteLink }))
    }
    yield* Log.info(`[BOT][VIP] ${join.person.telegramId} entrou no grupo VIP do bot ${bot.slug}`, {
      ...fields(bot, join),
      payment_id: place.paymentId,
      event_name: "vip_joined"
    })
  })

  const decline = Effect.fnUntraced(function* (bot: Bot, join: Join) {
    yield* Effect.catchIf(
      call(bot, "declineChatJoinRequest", { chat_id: join.chatId, user_id: join.person.telegramId }),
      ({ reason }) => reason._tag === "Rejected" || reason._tag === "Gone",
      () => Effect.void
    )
    yield* Log.warn(
      `[BOT][VIP] ${join.person.telegramId} pediu para entrar no grupo VIP do bot ${bot.slug} por um convite que não é dele; recusei`,
      { ...fields(bot, join), event_name: "vip_declined" }
    )
  })

  return Effect.fn("Join.handle")(function* (
    bot: Bot,
    job: UpdateJob,
    join: Join
  ): Effect.fn.Return<Handled, HandlerError> {
    const names = [String(join.chatId), ...(join.chatName === undefined ? [] : [`@${join.chatName}`])]
    const place = yield* access.held(bot.id, join.person.telegramId, names)
    if (Option.isSome(place)) yield* approve(bot, join, place.value)
    else if (join.link !== undefined && (yield* access.isOurs(bot.id, join.link))) yield* decline(bot, join)
    return silent(job)
  })
})

/** Let in already, by an earlier try or by the seller. */
const isIn = ({ reason }: TelegramError): boolean =>
  reason._tag === "Rejected" && /USER_ALREADY_PARTICIPANT|HIDE_REQUESTER_MISSING/i.test(reason.description)
