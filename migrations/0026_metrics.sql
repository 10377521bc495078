-- The funnel counted ahead of time (docs/metrics.md): cells by hour, day and month, always recomputed from the rows and
-- never added to. Whatever is written late, changed or deleted leaves a note; the next look recomputes what it touches.

-- How long the step before may lie back; when a period counts as settled; how many months of events stay in the
-- partitioned table (null: all). A change is in force after the next look.
create table if not exists funnel_settings (
  name text primary key
    check (name in ('to_bot_click_seconds', 'pix_created_seconds', 'pix_paid_seconds', 'settled_seconds', 'kept_months')),
  value integer check (value > 0)
);
insert into funnel_settings (name, value) values
  ('to_bot_click_seconds', 86400), ('pix_created_seconds', 2592000), ('pix_paid_seconds', 604800),
  ('settled_seconds', 604800), ('kept_months', null)
on conflict do nothing;

-- Everything before rolled_to is in the cells, counted by these windows; null: nothing is yet.
create table if not exists metrics_state (
  only_one boolean primary key default true check (only_one),
  rolled_to timestamptz,
  windows text
);
insert into metrics_state default values on conflict do nothing;

-- Whose history was written late, changed or deleted, and when that was. A row without an instant: everything.
create table if not exists metrics_late (
  id bigint generated always as identity primary key,
  at timestamptz,
  session_id text,
  person bigint
);

-- Combinations of UTM marks; the key is a hash of the marks, so that a rebuild gives the same.
create table if not exists metrics_marks (
  marks bigint primary key,
  utm_source text,
  utm_medium text,
  utm_campaign text,
  utm_content text,
  utm_term text
);

-- grain: h, d, m (days and months of São Paulo). scope: a all, s one utm_source, t one combination of marks; marks is 0
-- for all. bot is a slug, '' where nobody knows, '*' for all of them. Per step (1 to 5, 6 the organic starts): n events,
-- u units that did it in the bucket, and of those the instants of the time before, in order: whether a unit is new to a
-- period is then a matter of comparing with its beginning, and uniques stay exact for every period.
create table if not exists metrics_cells (
  grain "char" not null,
  scope "char" not null,
  marks bigint not null,
  bot text not null,
  at timestamptz not null,
  n1 integer not null, n2 integer not null, n3 integer not null, n4 integer not null, n5 integer not null,
  n6 integer not null,
  u1 integer not null, u2 integer not null, u3 integer not null, u4 integer not null, u5 integer not null,
  u6 integer not null,
  r1 timestamptz[], r2 timestamptz[], r3 timestamptz[], r4 timestamptz[], r5 timestamptz[], r6 timestamptz[],
  payments integer not null,
  revenue_cents bigint not null,
  refunded_cents bigint not null,
  primary key (grain, scope, marks, bot, at)
);
create index if not exists ix_metrics_cells_time on metrics_cells (grain, scope, at);

-- Times as mergeable histograms: kind p to PIX, v to payment, b in the bot; bins are (bin << 32) + how many.
create table if not exists metrics_times (
  grain "char" not null,
  scope "char" not null,
  marks bigint not null,
  bot text not null,
  kind "char" not null,
  at timestamptz not null,
  bins bigint[] not null,
  primary key (grain, scope, marks, bot, kind, at)
);
create index if not exists ix_metrics_times_time on metrics_times (grain, scope, at);

-- People who reached a step under more than one combination of marks: a question over several combinations counts them
-- once. They are few.
create table if not exists metrics_returns (
  bot text not null,
  unit text not null,
  step smallint not null,
  at timestamptz not null,
  marks bigint not null
);
create index if not exists ix_metrics_returns_unit on metrics_returns (bot, unit);
create index if not exists ix_metrics_returns_time on metrics_returns (at);

-- Exact up to 63 s, then 32 bins per doubling: at most 1.6 % off.
create or replace function metrics_bin(seconds integer) returns integer language sql immutable parallel safe as $$
  select case when seconds < 64 then greatest(seconds, 0)
    else (27 - position(B'1' in seconds::bit(32))) * 32 + (seconds >> (27 - position(B'1' in seconds::bit(32))))
  end
$$;

create or replace function metrics_bin_seconds(bin integer) returns integer language sql immutable parallel safe as $$
  select case when bin < 64 then bin
    else ((32 + (bin - 64) % 32) << ((bin - 64) / 32 + 1)) + ((1 << ((bin - 64) / 32 + 1)) - 1) / 2
  end
$$;

-- Of the units of a bucket, those that are new since an instant.
create or replace function metrics_new(units integer, before timestamptz[], since timestamptz) returns integer
language sql immutable parallel safe as $$
  select units - coalesce(cardinality(before) - width_bucket(since - interval '1 microsecond', before), 0)
$$;

create or replace function metrics_sorted(instants timestamptz[]) returns timestamptz[]
language sql immutable parallel safe as $$
  select case when instants is null then null else array(select i from unnest(instants) i order by i) end
$$;

-- Per statement, not per row; what is fresh leaves no note, so the hot path pays for one look at its few new rows.
create or replace function metrics_note_events() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    insert into metrics_late default values;
  elsif tg_op = 'INSERT' then
    insert into metrics_late (at, session_id, person)
    select occurred_at, session_id, coalesce(telegram_id, tg_id) from fresh
    where occurred_at < clock_timestamp() - interval '2 minutes';
  elsif tg_op = 'DELETE' then
    insert into metrics_late (at, session_id, person)
    select occurred_at, session_id, coalesce(telegram_id, tg_id) from gone;
  else
    insert into metrics_late (at, session_id, person)
    select occurred_at, session_id, coalesce(telegram_id, tg_id) from gone
    union select occurred_at, session_id, coalesce(telegram_id, tg_id) from fresh;
  end if;
  return null;
end $$;

create or replace trigger metrics_note_insert after insert on funnel_events
  referencing new table as fresh for each statement execute function metrics_note_events();
create or replace trigger metrics_note_delete after delete on funnel_events
  referencing old table as gone for each statement execute function metrics_note_events();
create or replace trigger metrics_note_update after update on funnel_events
  referencing old table as gone new table as fresh for each statement execute function metrics_note_events();
create or replace trigger metrics_note_truncate after truncate on funnel_events
  for each statement execute function metrics_note_events();

-- A payment counts when it was paid and when it was given back; of the older systems only its last change is known.
create or replace function metrics_note_payment() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    insert into metrics_late default values;
    return null;
  end if;
  if tg_op <> 'INSERT' then
    insert into metrics_late (at)
    select at from (values (old.paid_at), (old.refunded_at), (case when old.bot_slug is null then old.updated_at end)) v (at)
    where at < clock_timestamp() - interval '2 minutes';
  end if;
  if tg_op <> 'DELETE' then
    insert into metrics_late (at)
    select at from (values (new.paid_at), (new.refunded_at), (case when new.bot_slug is null then new.updated_at end)) v (at)
    where at < clock_timestamp() - interval '2 minutes';
  end if;
  return null;
end $$;

create or replace trigger metrics_note_insert after insert on payments
  for each row when (new.paid_at is not null or new.bot_slug is null) execute function metrics_note_payment();
create or replace trigger metrics_note_delete after delete on payments
  for each row when (old.paid_at is not null or old.bot_slug is null) execute function metrics_note_payment();
create or replace trigger metrics_note_update after update on payments
  for each row when (
    (old.status, old.paid_at, old.refunded_at, old.value_cents, old.amount_cents, old.tracking, old.bot_id, old.bot_slug,
      case when old.bot_slug is null then old.updated_at end)
    is distinct from
    (new.status, new.paid_at, new.refunded_at, new.value_cents, new.amount_cents, new.tracking, new.bot_id, new.bot_slug,
      case when new.bot_slug is null then new.updated_at end))
  execute function metrics_note_payment();
create or replace trigger metrics_note_truncate after truncate on payments
  for each statement execute function metrics_note_payment();

create or replace function metrics_note_session() returns trigger language plpgsql as $$
begin
  insert into metrics_late (at, session_id) values (new.first_seen_at, new.id);
  return null;
end $$;

create or replace trigger metrics_note_marks after update on tracking_sessions
  for each row when (
    (old.utm_source, old.utm_medium, old.utm_campaign, old.utm_content, old.utm_term) is distinct from
    (new.utm_source, new.utm_medium, new.utm_campaign, new.utm_content, new.utm_term))
  execute function metrics_note_session();

-- For a person's or a session's history, and the moments of money. V2's rows have tg_id only.
create index if not exists ix_fe_tg on funnel_events (tg_id) where telegram_id is null and tg_id is not null;
create index if not exists ix_payments_paid on payments (paid_at) where paid_at is not null;
create index if not exists ix_payments_refunded on payments (refunded_at) where refunded_at is not null;
create index if not exists ix_payments_old on payments (updated_at) where bot_slug is null;

-- The table of before the partitions is counted too, where it exists.
create or replace function metrics_note_legacy() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    insert into metrics_late default values;
    return null;
  end if;
  if tg_op <> 'INSERT' then
    insert into metrics_late (at, person) values (old.occurred_at, old.tg_id);
  end if;
  if tg_op <> 'DELETE' then
    insert into metrics_late (at, person) values (new.occurred_at, new.tg_id);
  end if;
  return null;
end $$;

create or replace function metrics_watch_legacy() returns void language plpgsql as $$
begin
  if to_regclass('funnel_events_legacy') is null then
    return;
  end if;
  create index if not exists ix_fe_legacy_time on funnel_events_legacy (occurred_at);
  create index if not exists ix_fe_legacy_tg on funnel_events_legacy (tg_id) where tg_id is not null;
  create or replace trigger metrics_note after insert or update or delete on funnel_events_legacy
    for each row execute function metrics_note_legacy();
  create or replace trigger metrics_note_truncate after truncate on funnel_events_legacy
    for each statement execute function metrics_note_legacy();
end $$;

do $$
begin
  perform metrics_watch_legacy();
end $$;

-- Of the instants in order, those before one.
create or replace function metrics_old(instants timestamptz[], since timestamptz) returns timestamptz[]
language sql immutable parallel safe as $$
  select instants[1:width_bucket(since - interval '1 microsecond', instants)]
$$;

create or replace aggregate metrics_joined(anycompatiblearray) (sfunc = array_cat, stype = anycompatiblearray);
