import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { eventually, HarnessError, type ServiceProcess } from "./service.ts"

// Far from the numbers that the stand-in gives to its own.
let lastUpdateId = 2_000_000_000
export const nextUpdateId = (): number => ++lastUpdateId

interface Sender {
  readonly id: number
  readonly first_name: string
}

export const privateMessage = (person: Sender, text: string, updateId = nextUpdateId()) => ({
  update_id: updateId,
  message: {
    message_id: updateId,
    date: 1_763_000_000,
    chat: { id: person.id, type: "private", first_name: person.first_name },
    from: { ...person, is_bot: false },
    text
  }
})

/** The secret that Telegram was told for a bot. */
export const secretOf = Effect.fnUntraced(function* (slug: string) {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly secret: string | null }>`
    select webhook_secret_token as secret from bots where slug = ${slug}`
  return row?.secret ?? (yield* new HarnessError({ message: `${slug} has no secret` }))
})

/** An update, or whatever else, at a bot's door. */
export const hook = (service: ServiceProcess, slug: string, secret: string, update: unknown) =>
  service.request("POST", `/tg/${slug}/webhook`, update, { "x-telegram-bot-api-secret-token": secret })

/** Waits until no update is left waiting; answers how many were set aside as dead. */
export const settled = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* eventually(
    sql<{ readonly open: number; readonly dead: number }>`
      select count(*) filter (where state = 0) as open, count(*) filter (where state = 2) as dead
      from telegram_updates`,
    ([row]) => row?.open === 0
  )
  return row!.dead
})
