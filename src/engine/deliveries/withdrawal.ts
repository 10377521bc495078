import { Effect, Option } from "effect"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import { type Access, AccessRepo } from "../../repo/AccessRepo.ts"
import { TelegramClient } from "../../telegram/TelegramClient.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"
import type { OutboxHandler } from "../../tracking/Outbox.ts"
import { makeTrouble } from "./groupTrouble.ts"
import { failed, sent } from "./outcomes.ts"
import { isOutcome, makeSubjectOf, pausedBot } from "./subject.ts"

/** The money went back: the place in the group goes too, unless the seller lets it be or another payment holds it. */
export const makeWithdrawal = Effect.gen(function* () {
  const subjectOf = yield* makeSubjectOf
  const access = yield* AccessRepo
  const telegram = yield* TelegramClient
  const { mended, refusedBy } = yield* makeTrouble

  const takeAway = Effect.fnUntraced(function* (bot: Bot, place: Access) {
    if (Option.isNone(bot.token)) return
    const call = (method: string, payload: object) =>
      Option.isNone(bot.token)
        ? Effect.void
        : Effect.asVoid(telegram.call(bot.token.value, method, { chat_id: place.chatId, ...payload }))
    if (place.inviteLink !== null) {
      yield* Effect.catchIf(call("revokeChatInviteLink", { invite_link: place.inviteLink }), isMoot, () => Effect.void)
    }
    const user = { user_id: place.telegramId }
    // Ban and unban: out now, and free to come back by a new purchase.
    yield* Effect.catchIf(call("banChatMember", user), isMoot, () => Effect.void)
    yield* Effect.catchIf(call("unbanChatMember", { ...user, only_if_banned: true }), isMoot, () => Effect.void)
  })

  const handle: OutboxHandler = Effect.fn("Delivery.withdrawal")(function* (row) {
    const subject = yield* subjectOf(row)
    if (isOutcome(subject)) return subject
    const { bot, payment, telegramId } = subject
    const found = yield* access.ofPayment(payment.id)
    if (Option.isNone(found) || found.value.state === "withdrawn" || !bot.withdrawAccess) return sent
    const place = found.value
    if (Option.isSome(yield* access.held(bot.id, telegramId, [place.chatId]))) return sent
    if (!bot.active || Option.isNone(bot.token)) return pausedBot(bot)
    const result = yield* Effect.result(takeAway(bot, place))
    if (result._tag === "Failure") {
      return isAdministrator(result.failure)
        ? failed(`${telegramId} é administrador do grupo VIP ${place.chatId}; remova-o manualmente`)
        : yield* refusedBy(bot, place, row, result.failure)
    }
    yield* access.withdrawn(payment.id)
    yield* mended(bot)
    yield* Log.info(
      `[BOT][VIP] Acesso de ${telegramId} ao grupo VIP retirado no bot ${bot.slug}: o pagamento foi devolvido`,
      {
        slug: bot.slug,
        telegram_id: telegramId,
        payment_id: payment.id,
        event_name: "vip_withdrawn"
      }
    )
    return sent
  })

  return handle
})

/** Somebody who never came in, a link that is gone already. */
const isMoot = ({ reason }: TelegramError): boolean =>
  reason._tag === "Rejected" &&
  /PARTICIPANT_ID_INVALID|USER_NOT_PARTICIPANT|user not found|INVITE_HASH_EXPIRED/i.test(reason.description)

const isAdministrator = ({ reason }: TelegramError): boolean =>
  reason._tag === "Rejected" && /administrator of the chat|can't remove chat owner/i.test(reason.description)
