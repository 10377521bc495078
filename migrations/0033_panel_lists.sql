-- The panel's lists, over a million people.

-- By status in today's words: the expression of statusOf in src/repo/payments/row.ts, word for word, or it serves nobody.
create index if not exists ix_payments_status on payments ((
  case when lower(status) = 'created' then 'pending' when lower(status) = 'processing' then 'pending'
    when lower(status) = 'waiting' then 'pending' when lower(status) = 'approved' then 'paid'
    when lower(status) = 'completed' then 'paid' when lower(status) = 'cancelled' then 'canceled'
    when lower(status) = 'error' then 'failed' when lower(status) = 'chargeback' then 'charged_back'
    when lower(status) in ('creating', 'pending', 'unknown', 'paid', 'expired', 'canceled', 'failed', 'refunded',
      'charged_back') then lower(status)
    else 'unknown' end), created_at desc, id desc);

-- V3's charges name a person by his row; there will be no more of them.
create index if not exists ix_payments_old_person on payments (bot_user_id)
  where telegram_id is null and bot_user_id is not null;

-- The few downsells that failed in a way of their own, counted without their rows.
create index if not exists ix_downsells_queue_outcome on downsells_queue (downsell_id, outcome) where outcome is not null;

-- What became of the people of a shot that is over: its rows do not change any more, and fifty shots of a list are
-- millions of them. A row is only ever a copy of what the rows said.
create table if not exists shot_totals (
  shot_id bigint primary key,
  totals jsonb not null,
  counted_at timestamptz not null default now()
);

-- An index over an expression is of little use before the planner knows how its values are spread.
analyze payments;
