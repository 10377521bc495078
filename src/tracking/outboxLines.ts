import { Effect } from "effect"
import * as Log from "../log/Log.ts"
import type { OutboxRow, Settled } from "../repo/OutboxRepo.ts"
import type { News, Trouble } from "./Breakers.ts"
import type { OutboxOutcome } from "./Outbox.ts"

const names: Readonly<Record<string, string>> = { facebook: "o Meta", utmify: "a UTMify", telegram: "o Telegram" }

const nameOf = (destination: string) => names[destination] ?? destination

/** What did not arrive: one line for each reason, however many rows of a group share it. */
export const sayOutcomes = (
  destination: string,
  rows: ReadonlyArray<OutboxRow>,
  outcomes: ReadonlyArray<OutboxOutcome>,
  settled: ReadonlyArray<Settled>
) => {
  const told = rows.flatMap((row, index) => {
    const outcome = outcomes[index]
    // That a destination is away is told when it begins and when it ends.
    if (outcome === undefined || (outcome._tag !== "Failed" && outcome._tag !== "Retry")) return []
    return [{ row, tag: outcome._tag, reason: outcome.reason, seconds: settled[index]?.afterSeconds ?? 0 }]
  })
  return Effect.forEach(
    Map.groupBy(told, ({ reason, tag }) => `${tag}:${reason}`).values(),
    ([first, ...others]) => {
      if (first === undefined) return Effect.void
      const { reason, row, seconds, tag } = first
      const what =
        others.length === 0
          ? `A entrega ${row.id} (${row.eventName}) para ${destination}`
          : `${others.length + 1} entregas para ${destination} (a primeira é a ${row.id}, ${row.eventName})`
      const one = others.length === 0
      const fields = {
        destination,
        event_name: row.eventName,
        bot_id: row.botId,
        telegram_id: row.telegramId,
        payment_id: row.paymentId
      }
      return tag === "Failed"
        ? Log.error(`[ERRO] ${what} ${one ? "falhou" : "falharam"} de vez: ${reason}`, fields)
        : Log.warn(
            `[AVISO] ${what} ${one ? "será tentada" : "serão tentadas"} de novo em ${Math.ceil(seconds)} s: ${reason}`,
            fields
          )
    },
    { discard: true }
  )
}

/** A destination was lost, or is back: one line each, not one for every row that waits. */
export const sayNews = (destination: string, account: string, news: News, trouble: Trouble | undefined) => {
  const who = account === "" ? nameOf(destination) : `${nameOf(destination)} (pixel ${account})`
  const fields = { destination, account }
  if (news === "open") return Log.info(`[TRACKING] As entregas para ${who} voltaram`, fields)
  const sentence = `As entregas para ${who} estão paradas e ficam guardadas: ${trouble?.reason ?? ""}`
  return trouble?.alarm === true ? Log.error(`[ERRO] ${sentence}`, fields) : Log.warn(`[AVISO] ${sentence}`, fields)
}
