import { Effect, Option } from "effect"
import type { Bot } from "../../domain/bot.ts"
import * as Log from "../../log/Log.ts"
import { composeFor } from "../../messages/personal.ts"
import { Sender } from "../../messages/Sender.ts"
import { texts } from "../../messages/texts.ts"
import { type Access, AccessRepo } from "../../repo/AccessRepo.ts"
import { UsersRepo } from "../../repo/UsersRepo.ts"
import { TelegramClient } from "../../telegram/TelegramClient.ts"
import { TelegramError } from "../../telegram/TelegramError.ts"
import { BotUnusable } from "../../telegram/reasons.ts"
import type { OutboxHandler, OutboxOutcome } from "../../tracking/Outbox.ts"
import { makeTrouble } from "./groupTrouble.ts"
import { failed, outcomeOf, sent } from "./outcomes.ts"
import { sendingOf } from "./sending.ts"
import { isOutcome, makeSubjectOf, pausedBot } from "./subject.ts"
import { vipChatOf } from "./vipChat.ts"

/**
 * The buyer's way into the VIP group or channel: a link of his own by which one can only ask to come in. Whoever else
 * gets hold of it asks in vain (`handlers/join.ts`).
 */
export const makeInvitation = Effect.gen(function* () {
  const subjectOf = yield* makeSubjectOf
  const access = yield* AccessRepo
  const telegram = yield* TelegramClient
  const sender = yield* Sender
  const users = yield* UsersRepo
  const { mended, refusedBy } = yield* makeTrouble

  const linkFor = Effect.fnUntraced(function* (bot: Bot, place: Access) {
    if (place.inviteLink !== null) return place.inviteLink
    if (Option.isNone(bot.token)) return yield* withoutToken(bot)
    const { invite_link } = yield* telegram.call(bot.token.value, "createChatInviteLink", {
      chat_id: place.chatId,
      name: `Pedido ${place.paymentId}`,
      creates_join_request: true
    })
    yield* access.invited(place.paymentId, invite_link)
    yield* mended(bot)
    return invite_link
  })

  const handle: OutboxHandler = Effect.fn("Delivery.invitation")(function* (row, hold) {
    const subject = yield* subjectOf(row)
    if (isOutcome(subject)) return subject
    const { bot, payment, telegramId } = subject
    const chat = vipChatOf(bot, payment)
    if (Option.isNone(chat)) return failed("este plano não tem mais grupo VIP")
    if (!bot.active) return pausedBot(bot)
    const place = yield* access.open(payment.id, chat.value)
    if (Option.isNone(place)) return failed("o pagamento foi devolvido antes do convite")
    if (place.value.state === "withdrawn") return failed("o acesso já foi retirado")

    const link = yield* Effect.result(linkFor(bot, place.value))
    if (link._tag === "Failure") {
      const error = link.failure
      return error._tag === "TelegramError" ? yield* refusedBy(bot, place.value, row, error) : yield* error
    }
    const person = { telegramId, ...(yield* users.nameOf(bot.id, telegramId)) }
    const own = bot.messages.get("vip") ?? { text: texts.vipInvite }
    const content = { ...own, buttons: [...(own.buttons ?? []), [{ text: texts.vipButton, url: link.success }]] }
    const result = yield* Effect.result(sender.send(sendingOf(bot, composeFor(bot, person, content), row, hold)))
    if (result._tag === "Failure") return outcomeOf(result.failure)
    yield* Log.info(`[BOT][VIP] Convite do grupo VIP enviado para ${telegramId} no bot ${bot.slug}`, {
      slug: bot.slug,
      telegram_id: telegramId,
      payment_id: payment.id,
      event_name: "vip_invited"
    })
    return sent satisfies OutboxOutcome
  })

  return handle
})

const withoutToken = (bot: Bot) =>
  new TelegramError({
    method: "createChatInviteLink",
    botId: bot.id,
    reason: new BotUnusable({ why: "unauthorized", description: "no token" })
  })
