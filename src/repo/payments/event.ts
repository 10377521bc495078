import type { SqlClient, Statement } from "effect/sql"
import { type EventName, eventId } from "../../domain/events.ts"

const instantOf = (sql: SqlClient.SqlClient, name: EventName) => {
  if (name === "pix_paid") return sql`p.paid_at`
  return name === "pix_refunded" || name === "pix_charged_back"
    ? sql`coalesce(p.refunded_at, now())`
    : sql`p.created_at`
}

/**
 * The funnel event of a payment `p`, with its bot `b` and its person `u` where they are known. Id and instant follow from
 * the payment, so the same fact written twice is one row.
 */
export const eventOf = (sql: SqlClient.SqlClient, name: EventName, from: Statement.Fragment) => sql`
  insert into funnel_events (event_id, event_name, occurred_at, bot_id, bot_slug, bot_user_id, telegram_id, tg_id,
    session_id, payment_id, transaction_id, price_cents, source, utm_source, utm_medium, utm_campaign, utm_content,
    utm_term, fbp, fbc)
  select ${eventId.paymentPrefixOf(name)}::text || p.id, ${name}::text, ${instantOf(sql, name)}, p.bot_id,
    coalesce(p.bot_slug, b.slug), u.id, coalesce(p.telegram_id, u.telegram_id), coalesce(p.telegram_id, u.telegram_id),
    coalesce(p.tracking->>'session_id', u.session_id), p.id, p.transaction_id, coalesce(p.value_cents, p.amount_cents),
    'bot', p.tracking->>'utm_source', p.tracking->>'utm_medium', p.tracking->>'utm_campaign',
    p.tracking->>'utm_content', p.tracking->>'utm_term', p.tracking->>'fbp', p.tracking->>'fbc'
  from ${from}
  on conflict do nothing
  returning session_id, occurred_at`

/** The step's time on the click session of a CTE `event`, where the step is one of the funnel. */
export const stepOf = (sql: SqlClient.SqlClient, name: EventName) => {
  const column = sql.literal(name === "pix_created" ? "pix_at" : "paid_at")
  return name === "pix_created" || name === "pix_paid"
    ? sql`update tracking_sessions s set ${column} = least(s.${column}, e.occurred_at), updated_at = now()
        from event e where s.id = e.session_id`
    : sql`select 1 from event`
}
