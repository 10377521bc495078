import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import type { SandboxTelegram } from "../../src/sandbox/telegram/SandboxTelegram.ts"
import type { BenchService } from "./service.ts"
import type { LoadTarget } from "./httpLoad.ts"

export const token = "8240789012:AAHbench0bench0bench0bench0bench0bench"

/** A bot with a greeting and one plan, registered at the stand-in; its webhook as a target for loads. */
export const openBot = async (
  service: BenchService,
  sql: SqlClient.SqlClient,
  telegram: SandboxTelegram["Service"],
  update: (index: number) => unknown
): Promise<LoadTarget> => {
  await Effect.runPromise(telegram.addBot({ token, username: "bench_bot" }))
  await service.api("POST", "/api/admin/bots", { slug: "bench", token, gateway: "pushinpay" })
  const plan = await service.api("POST", "/api/admin/bots/bench/plans", { name: "Mensal", price_cents: 1990 })
  await service.api("PUT", "/api/admin/bots/bench/messages/start", {
    text: "Olá {nome}! <b>Oferta</b>",
    buttons: [[{ text: "Quero", plan_id: plan["id"] }]]
  })
  const [row] = await Effect.runPromise(
    sql<{ secret: string }>`select webhook_secret_token as secret from bots where slug = 'bench'`
  )
  return {
    port: service.port,
    path: "/tg/bench/webhook",
    headers: { "x-telegram-bot-api-secret-token": row?.secret ?? "" },
    body: (index) => JSON.stringify(update(index))
  }
}

/** A message of one of many people, as Telegram words it. */
export const message = (updateId: number, personId: number, text: string) => ({
  update_id: updateId,
  message: {
    message_id: updateId,
    date: 1_763_000_000,
    chat: { id: personId, type: "private", first_name: "Ana", username: "ana_souza" },
    from: {
      id: personId,
      is_bot: false,
      first_name: "Ana",
      last_name: "Souza",
      username: "ana_souza",
      language_code: "pt-br"
    },
    text,
    ...(text.startsWith("/") ? { entities: [{ type: "bot_command", offset: 0, length: text.length }] } : {})
  }
})
