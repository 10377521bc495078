import { Option } from "effect"
import type { SourceRef } from "../domain/callback.ts"
import type { Bot, Plan } from "../domain/bot.ts"
import type { MessageContent } from "../domain/content.ts"
import { compose, type TelegramCall, type Variables } from "./compose.ts"
import { withLibrary } from "./library.ts"

export interface Recipient {
  readonly telegramId: number
  readonly firstName: string
  readonly username?: string | undefined
}

/** The values of `{nome}`, `{usuario}`, `{bot}` for one person and one bot. */
export const variablesFor = (bot: Bot, person: Recipient): Variables => ({
  nome: person.firstName,
  usuario: person.username === undefined ? person.firstName : `@${person.username}`,
  bot: Option.getOrElse(bot.username, () => bot.name),
  link: Option.match(bot.username, { onNone: () => "", onSome: (username) => `https://t.me/${username}` })
})

/** A content as calls to one person's private chat, plan buttons with the names and prices of the moment. */
export const composeFor = (
  bot: Bot,
  person: Recipient,
  content: MessageContent,
  more: Pick<Variables, "plano" | "valor"> & { readonly source?: SourceRef | undefined } = {}
): ReadonlyArray<TelegramCall> =>
  compose(
    withLibrary(bot, content),
    { ...variablesFor(bot, person), ...more },
    {
      chatId: person.telegramId,
      source: more.source,
      planPrice: (planId) => onSale(bot, planId)?.priceCents,
      planName: (planId) => onSale(bot, planId)?.name
    }
  )

/** A plan that is not on sale shows no button. */
const onSale = (bot: Bot, planId: number): Plan | undefined => {
  const plan = bot.plans.get(planId)
  return plan?.active === true ? plan : undefined
}
