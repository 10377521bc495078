import type { SqlClient, Statement } from "effect/sql"

/** Why a downsell does not go out, whatever was true when it was scheduled. */
export const verdicts = ["deleted", "inactive", "paid", "opted_out", "blocked", "charge_closed", "late"] as const
export type Verdict = (typeof verdicts)[number]

/** How its row ends then; the verdict itself is kept as `cancel_reason`. */
export const endOf = (sql: SqlClient.SqlClient) =>
  sql.literal(
    "case j.verdict when 'late' then 'expired' when 'paid' then 'canceled' when 'deleted' then 'canceled' else 'skipped' end"
  )

/**
 * What the row `q` would meet if it left at that moment: null when it may leave. Needs the row's bot `b`; the rule, the
 * person and the charge are looked up here.
 */
export const verdictOf = (sql: SqlClient.SqlClient, at: Statement.Fragment = sql`now()`) => sql`
  left join downsell_rules d on d.id = q.downsell_id
  left join bot_users u on u.bot_id = b.id and u.telegram_id = q.telegram_id
  left join lateral (
    select x.id, x.status, x.expires_at from payments x where x.id = q.payment_id
    union all
    select x.id, x.status, x.expires_at from payments x
    where q.payment_id is null and x.transaction_id = q.transaction_id) p on true
  cross join lateral (select case
    when d.id is null then 'deleted'
    when not d.active then 'inactive'
    when not d.to_buyers and (u.has_paid or coalesce(u.has_purchase, false)) then 'paid'
    when d.to_buyers and exists (select from payments x where x.telegram_id = q.telegram_id and x.bot_id = b.id
      and x.paid_at >= q.created_at) then 'paid'
    when u.opted_out then 'opted_out'
    when u.blocked then 'blocked'
    when q.trigger = 'pix' and (p.id is null or p.expires_at <= ${at}
      or lower(p.status) not in ('creating', 'created', 'pending', 'unknown')) then 'charge_closed'
    when q.scheduled_at < ${at} - make_interval(secs => d.drop_after_seconds) then 'late'
  end as verdict) j`
