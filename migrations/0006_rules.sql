-- What must always hold for rows that we write. NOT VALID: rows of the past are not looked at, and rows without
-- bot_slug (legacy) stay free.

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('ck_payments_status', $rule$bot_slug is null or status in
        ('creating', 'pending', 'unknown', 'paid', 'expired', 'canceled', 'failed', 'refunded', 'charged_back')$rule$),
      ('ck_payments_value', $rule$bot_slug is null or coalesce(value_cents, 0) > 0$rule$),
      ('ck_payments_paid_at', $rule$bot_slug is null or paid_at is not null
        or status not in ('paid', 'refunded', 'charged_back')$rule$)
    ) v (name, rule)
  loop
    continue when exists (select from pg_constraint where conrelid = 'payments'::regclass and conname = wanted.name);
    execute format('alter table payments add constraint %I check (%s) not valid', wanted.name, wanted.rule);
  end loop;

  if not exists (
    select from pg_constraint where conrelid = 'gateway_events'::regclass and conname = 'ck_gateway_events_state')
  then
    alter table gateway_events add constraint ck_gateway_events_state
      check (state in ('waiting', 'done', 'refused', 'unmatched')) not valid;
  end if;

  if not exists (select from pg_constraint where conrelid = 'outbox'::regclass and conname = 'ck_outbox_status') then
    alter table outbox add constraint ck_outbox_status check (status in ('pending', 'sent', 'failed')) not valid;
  end if;
end $$;
