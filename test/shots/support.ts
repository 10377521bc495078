import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import { eventually, HarnessError, type ServiceProcess } from "../support/service.ts"
import type { Someone } from "../support/faults.ts"

/** People who have started the bot, as rows. */
export const gather = (sql: SqlClient.SqlClient, botId: number, people: ReadonlyArray<Someone>) =>
  sql`
    insert into bot_users (bot_id, telegram_id, name, first_name, first_start_at, last_start_at)
    select ${botId}::bigint, p.id, p.name, p.name, now(), now()
    from unnest(${people.map(({ id }) => id)}::bigint[], ${people.map((one) => one.first_name)}::text[]) p (id, name)
    on conflict do nothing`

export const shotsPath = (slug: string) => `/api/admin/bots/${slug}/shots`

/** Creates a shot and answers its path. */
export const createShot = Effect.fnUntraced(function* (
  service: ServiceProcess,
  slug: string,
  shot: Readonly<Record<string, unknown>> = {}
) {
  const answer = yield* service.admin("POST", shotsPath(slug), {
    title: "Novidade",
    content: { text: "Oi {nome}, chegou novidade" },
    ...shot
  })
  if (answer.status !== 201) return yield* new HarnessError({ message: `${answer.status} ${answer.text}` })
  return `${shotsPath(slug)}/${answer.json.id}`
})

export const act = Effect.fnUntraced(function* (service: ServiceProcess, path: string, action: string) {
  const answer = yield* service.admin("POST", `${path}/${action}`)
  if (answer.status !== 200) return yield* new HarnessError({ message: `${action}: ${answer.status} ${answer.text}` })
  return answer.json
})

/** Waits for a state; answers the shot as it then is. */
export const until = (service: ServiceProcess, path: string, status: string, seconds = 20) =>
  Effect.map(
    eventually(service.admin("GET", path), ({ json }) => json?.status === status, seconds),
    ({ json }) => json
  )
