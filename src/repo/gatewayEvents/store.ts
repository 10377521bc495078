import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"

export interface NewGatewayEvent {
  readonly gateway: string
  /** Of the address's key and the body: the same webhook delivered again has the same one. */
  readonly sha256: string
  readonly raw: Uint8Array
  /** Only the harmless ones. */
  readonly headers: Readonly<Record<string, string>>
  readonly query: string
  readonly pathKey: string | undefined
  readonly chargeId: string | undefined
  /** What the adapter read, in our words; what was signed long ago cannot be verified again. */
  readonly events: ReadonlyArray<unknown>
  readonly proof: "signed" | "none"
  readonly state: "waiting" | "done" | "refused"
  readonly error: string | undefined
  readonly requestId: string
}

export interface Stored {
  readonly id: number
  /** There is something to do. */
  readonly waiting: boolean
}

interface Row {
  readonly id: number
  readonly state: string
}

/** Each round needs somebody to delete the row between two of our statements. */
const maxRounds = 5

export const store = (sql: SqlClient.SqlClient) => {
  // Without a conflict target on purpose: the table has two unique keys, and of two equal webhooks that arrive at once
  // one would fail on the key that is not the target.
  const insert = (event: NewGatewayEvent) => {
    const headers = { ...event.headers, ...(event.pathKey === undefined ? {} : { path_key: event.pathKey }) }
    return sql<Row>`
      insert into gateway_events (provider, provider_event_id, dedupe_key, purpose, request_id, raw, headers, query,
        payload, gateway_charge_id, state, proof, error, next_attempt_at, occurred_at, processed_at)
      values (${event.gateway}, ${event.sha256}, ${`${event.gateway}:${event.sha256}`}, 'webhook', ${event.requestId},
        ${event.raw}, ${JSON.stringify(headers)}::text::jsonb, ${event.query}, ${payloadOf(event)}::text::jsonb,
        ${event.chargeId ?? null}, ${event.state}, ${event.proof}, ${event.error ?? null}, now(), now(),
        case when ${event.state !== "waiting"}::boolean then now() end)
      on conflict do nothing
      returning id, state`
  }

  const count = (event: NewGatewayEvent) => sql<Row>`
    update gateway_events set received_count = received_count + 1
    where provider = ${event.gateway} and provider_event_id = ${event.sha256}
    returning id, state`

  // What had its effect is only counted; anything else gets another chance, with the proof that came now.
  const countAndRearm = (event: NewGatewayEvent) => sql<Row>`
    update gateway_events e set received_count = e.received_count + 1,
      state = case when e.state = 'done' then e.state else 'waiting' end,
      next_attempt_at = case when e.state = 'done' then e.next_attempt_at else now() end,
      payload = case when e.state = 'done' then e.payload else ${payloadOf(event)}::text::jsonb end,
      gateway_charge_id = case when e.state = 'done' then e.gateway_charge_id else ${event.chargeId ?? null} end,
      proof = case when e.state <> 'done' and ${event.proof === "signed"}::boolean then 'signed' else e.proof end,
      attempts = case when e.state in ('refused', 'unmatched')
        or (${event.proof === "signed"}::boolean and e.proof is distinct from 'signed') then 0 else e.attempts end,
      error = case when e.state = 'done' then e.error end
    where e.provider = ${event.gateway} and e.provider_event_id = ${event.sha256}
    returning e.id, e.state`

  return Effect.fn("GatewayEventsRepo.store")(function* (
    event: NewGatewayEvent
  ): Effect.fn.Return<Stored, SqlError.SqlError> {
    for (let round = 0; round < maxRounds; round++) {
      const [fresh] = yield* insert(event)
      if (fresh !== undefined) return { id: fresh.id, waiting: fresh.state === "waiting" }
      const [known] = yield* event.state === "waiting" ? countAndRearm(event) : count(event)
      if (known !== undefined) return { id: known.id, waiting: known.state === "waiting" }
    }
    return yield* Effect.die(new Error("gateway_events: the webhook can neither be inserted nor found"))
  })
}

const payloadOf = (event: NewGatewayEvent): string => JSON.stringify({ events: event.events })
