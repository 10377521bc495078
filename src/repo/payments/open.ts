import { Effect } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import { rowsOf } from "../decode.ts"
import { columnsOf, Payment } from "./row.ts"

export interface NewCharge {
  readonly transactionId: string
  readonly webhookKey: string
  readonly gateway: string
  readonly valueCents: number
  readonly botId: number
  readonly botSlug: string
  readonly telegramId: number
  readonly personName: string
  readonly planId: number
  readonly planName: string
  readonly source: string | undefined
  readonly requestId: string
  /** How many unpaid charges of this person an hour may see; absent: any number. */
  readonly maxPerHour?: number
}

/**
 * `Created`: the row is ours to fill. `Open`: an unpaid charge of the same person, plan and value can be used again.
 * `Busy`: somebody else, perhaps on another node, is creating it right now. `Limited`: this person has had enough.
 */
export type Opening =
  | { readonly _tag: "Created" | "Open" | "Busy"; readonly payment: Payment }
  | { readonly _tag: "Limited" }

/** A creation that takes longer than this died with its process: gateways are given up on after 8 s. */
export const staleSeconds = 12
/** The same update again, after that time: whoever began the creation for it is certainly gone. */
const givenUpSeconds = 8

/** Each round needs somebody else to open and close a charge between two of our statements. */
const maxRounds = 10

const decode = rowsOf(Payment)

/**
 * The one open charge of a person, plan and value. The partial unique index decides between taps, devices and nodes:
 * whoever inserts the row creates the charge, everybody else finds it.
 */
export const openOrCreate = (sql: SqlClient.SqlClient) => {
  const insert = (charge: NewCharge) =>
    decode(sql`
      with created as (insert into payments as p (transaction_id, provider, gateway, status, amount_cents, value_cents, bot_id, bot_slug,
        bot_user_id, telegram_id, customer_first_name, plan_id, plan_name, source, webhook_key, request_id, tracking)
      select ${charge.transactionId}::text, ${charge.gateway}::text, ${charge.gateway}::text, 'creating',
        ${charge.valueCents}::int, ${charge.valueCents}::int, ${charge.botId}::bigint, ${charge.botSlug}::text, u.id,
        ${charge.telegramId}::bigint, ${charge.personName}::text, ${charge.planId}::bigint, ${charge.planName}::text,
        ${charge.source ?? null}::text, ${charge.webhookKey}::text, ${charge.requestId}::text,
        case when s.id is not null then jsonb_strip_nulls(jsonb_build_object('session_id', s.id,
          'utm_source', s.utm_source, 'utm_medium', s.utm_medium, 'utm_campaign', s.utm_campaign,
          'utm_content', s.utm_content, 'utm_term', s.utm_term, 'src', s.src, 'sck', s.sck, 'xcod', s.xcod,
          'fbclid', s.fbclid, 'fbp', s.fbp, 'fbc', s.fbc, 'url', s.landing_url, 'consent', s.consent)) end
      from (select 1) one
        left join bot_users u on u.bot_id = ${charge.botId} and u.telegram_id = ${charge.telegramId}
        left join tracking_sessions s on s.id = u.session_id
      where ${withinLimit(charge)}
      on conflict do nothing
      returning p.*
      ), client as (
        -- The click's address and browser at this moment, where they are kept and for as long.
        insert into tracking_clients (session_id, payment_id, ip, user_agent, seen_at)
        select c.session_id, p.id, c.ip, c.user_agent, c.seen_at
        from created p join tracking_clients c on c.session_id = p.tracking->>'session_id' and c.payment_id = 0
      )
      select ${columnsOf(sql)} from created p`)

  // Paid ones are welcome, and of failed ones no gateway knows anything.
  const withinLimit = (charge: NewCharge) =>
    charge.maxPerHour === undefined
      ? sql`true`
      : sql`(select count(*) from payments r where r.telegram_id = ${charge.telegramId} and r.bot_id = ${charge.botId}
          and r.bot_slug is not null and r.created_at > now() - interval '1 hour'
          and r.status in ('creating', 'pending', 'unknown', 'expired', 'canceled')) < ${charge.maxPerHour}::int`

  const isLimited = (charge: NewCharge) =>
    Effect.map(sql<{ allowed: boolean }>`select ${withinLimit(charge)} as allowed`, ([row]) => row?.allowed === false)

  // The code's message is to say that it expired, as after `Settlement.expire`.
  const closeOutdated = (charge: NewCharge) => sql`
    with closed as (update payments p set updated_at = now(),
      status = case when p.status = 'creating' then 'unknown' else 'expired' end
    where p.bot_slug is not null and p.bot_id = ${charge.botId} and p.telegram_id = ${charge.telegramId}
      and p.plan_id = ${charge.planId} and p.value_cents = ${charge.valueCents}
      and ((p.status = 'pending' and p.expires_at <= now())
        or (p.status = 'creating' and p.created_at < now() - make_interval(
          secs => case when p.request_id = ${charge.requestId} then ${givenUpSeconds} else ${staleSeconds} end)))
      returning p.id, p.bot_id, p.telegram_id, p.status)
    insert into outbox (topic, destination, event_name, payload, bot_id, payment_id, telegram_id, order_key, dedupe_key)
    select 'pix_expired', 'telegram', 'pix_expired', jsonb_build_object('payment_id', c.id), c.bot_id, c.id,
      c.telegram_id, 'pix_expired:' || c.id, 'pix_expired:' || c.id
    from closed c where c.status = 'expired'
    on conflict do nothing`

  const findOpen = (charge: NewCharge) =>
    decode(sql`
      select ${columnsOf(sql)} from payments p
      where p.bot_slug is not null and p.bot_id = ${charge.botId} and p.telegram_id = ${charge.telegramId}
        and p.plan_id = ${charge.planId} and p.value_cents = ${charge.valueCents}
        and p.status in ('creating', 'pending')`)

  return Effect.fn("PaymentsRepo.openOrCreate")(function* (
    charge: NewCharge
  ): Effect.fn.Return<Opening, SqlError.SqlError> {
    for (let round = 0; round < maxRounds; round++) {
      const [created] = yield* insert(charge)
      if (created !== undefined) return { _tag: "Created", payment: created }
      yield* closeOutdated(charge)
      const [open] = yield* findOpen(charge)
      if (open === undefined && (yield* isLimited(charge))) return { _tag: "Limited" }
      // None: it was closed between the two statements, so there is room for ours now.
      if (open !== undefined) return { _tag: open.status === "pending" ? "Open" : "Busy", payment: open }
    }
    return yield* Effect.die(new Error("openOrCreate: no room for the charge, and nothing in its place"))
  })
}
