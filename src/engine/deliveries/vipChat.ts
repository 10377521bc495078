import { Option } from "effect"
import type { Bot } from "../../domain/bot.ts"
import type { Payment } from "../../repo/PaymentsRepo.ts"
import type { TelegramError } from "../../telegram/TelegramError.ts"

/** The group or channel that a payment opens: its plan's own, else the bot's. */
export const vipChatOf = (bot: Bot, payment: Payment): Option.Option<string> =>
  Option.orElse(
    Option.flatMap(Option.fromUndefinedOr(bot.plans.get(payment.planId ?? 0)), (plan) => plan.vipChatId),
    () => bot.vipChatId
  )

/** What the seller has to do about a group that refuses the bot, in his words; none: it is nothing of his. */
export const troubleOf = (bot: Bot, chatId: string, error: TelegramError): Option.Option<string> => {
  const { reason } = error
  const name = Option.match(bot.username, { onNone: () => bot.slug, onSome: (username) => `@${username}` })
  if (reason._tag === "Gone") {
    return Option.some(
      `o bot ${name} não está no grupo VIP ${chatId}: adicione-o como administrador, com permissão de convidar e de banir`
    )
  }
  if (reason._tag !== "Rejected") return Option.none()
  return /rights|admin/i.test(reason.description)
    ? Option.some(
        `o bot ${name} não tem permissão no grupo VIP ${chatId}: torne-o administrador, com permissão de convidar e de banir`
      )
    : Option.some(`o grupo VIP ${chatId} recusou o bot ${name}: ${error.sentence}`)
}
