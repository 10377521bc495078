import type { SqlClient, Statement } from "effect/sql"

/** Somebody who began to talk to a bot at this moment. */
export interface Started {
  readonly botId: number
  readonly telegramId: number
  readonly startedAt: Date
}

/**
 * Whether the downsell `d` (of `downsell_rules`) may be scheduled for the person `p` (of `bot_users`): not while one of
 * it waits, and once it was sent only after the seller's pause. One whose fate is unknown counts as sent.
 */
export const maySchedule = (sql: SqlClient.SqlClient, at: Statement.Fragment) => sql`
  d.active and not p.opted_out and not p.blocked
  and (d.to_buyers or not (p.has_paid or coalesce(p.has_purchase, false)))
  and not exists (select from downsells_queue o where o.bot_slug = d.bot_slug and o.telegram_id = p.telegram_id
    and o.downsell_id = d.id and (o.status = 'pending' or ((o.status = 'sent' or o.outcome = 'ambiguous')
      and (d.repeat_after_seconds is null
        or coalesce(o.sent_at, o.updated_at) > ${at} - make_interval(secs => d.repeat_after_seconds)))))`

/** What a scheduled row consists of; the legacy columns say the same as ours, because their NOT NULLs ask for it. */
export const queueColumns = (sql: SqlClient.SqlClient) =>
  sql.literal(
    "downsell_id, bot_id, slug, bot_slug, tg_id, telegram_id, trigger, schedule_at, scheduled_at, transaction_id, payment_id"
  )

/**
 * The downsells of a /start. `people` names a query in the same statement with the rows of these people as they are
 * after it.
 */
export const scheduleStarted = (sql: SqlClient.SqlClient, started: ReadonlyArray<Started>) => sql`
  insert into downsells_queue (${queueColumns(sql)})
  select d.id, d.bot_id, d.bot_slug, d.bot_slug, p.telegram_id::text, p.telegram_id, 'start', s.at + delay.by,
    s.at + delay.by, null, null
  from unnest(${started.map((one) => one.botId)}::bigint[], ${started.map((one) => one.telegramId)}::bigint[],
      ${started.map((one) => one.startedAt.toISOString())}::timestamptz[]) s (bot_id, telegram_id, at)
    join people p on p.bot_id = s.bot_id and p.telegram_id = s.telegram_id
    join downsell_rules d on d.bot_id = s.bot_id and d.on_start,
    make_interval(secs => d.delay_seconds) delay (by)
  where ${maySchedule(sql, sql`s.at`)}
  on conflict do nothing`

/** Nothing that still waits is sent to these people; what has left already stays what it is. */
export const cancelPending = (
  sql: SqlClient.SqlClient,
  people: ReadonlyArray<{ readonly botId: number; readonly telegramId: number }>,
  reason: string
) => sql`
  update downsells_queue q set status = 'canceled', cancel_reason = ${reason}, updated_at = now()
  from unnest(${people.map((one) => one.botId)}::bigint[], ${people.map((one) => one.telegramId)}::bigint[])
      k (bot_id, telegram_id)
    join bots b on b.id = k.bot_id
  where q.bot_slug = b.slug and q.telegram_id = k.telegram_id and q.status = 'pending' and q.sending_at is null`

/** The downsells of a charge that can be paid now: `charge` names its row, `person` that of whom it is for. */
export const scheduleCharged = (
  sql: SqlClient.SqlClient,
  charge: Statement.Fragment,
  person: Statement.Fragment
) => sql`
  insert into downsells_queue (${queueColumns(sql)})
  select d.id, d.bot_id, d.bot_slug, d.bot_slug, p.telegram_id::text, p.telegram_id, 'pix', now() + delay.by,
    now() + delay.by, c.transaction_id, c.id
  from ${charge} c
    cross join ${person} p
    join downsell_rules d on d.bot_id = c.bot_id and d.on_pix,
    make_interval(secs => d.delay_seconds) delay (by)
  where c.status = 'pending' and ${maySchedule(sql, sql`now()`)}
  on conflict do nothing`
