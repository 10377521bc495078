-- Downsells, and what both queues (downsells, shots) need to send each row once.

-- When somebody last chose, by /parar or /voltar (opted_out says which): after /parar nothing is sent but answers.
alter table bot_users add column if not exists opted_out_at timestamptz;

alter table bot_downsells
  -- may be sent to the same person again after so long; null: never
  add column if not exists repeat_after_seconds integer,
  -- one that is later than this is dropped; null: never
  add column if not exists drop_after_seconds integer default 86400,
  -- it leaves between these minutes of the day, in the bot's time zone
  add column if not exists window_from_minutes smallint,
  add column if not exists window_to_minutes smallint,
  -- also to people who have bought something before
  add column if not exists to_buyers boolean not null default false,
  -- kept for what was sent and sold by it
  add column if not exists deleted_at timestamptz;

-- A row that is 'pending' and has sending_at left for Telegram under the bulk lease named by sender and epoch, and nobody
-- knows yet what became of it. outcome says more than the status: ambiguous, gone, refused, ...
alter table downsells_queue
  add column if not exists sending_at timestamptz,
  add column if not exists sender text,
  add column if not exists sender_epoch bigint,
  add column if not exists sent_at timestamptz,
  add column if not exists outcome text,
  add column if not exists message_id bigint,
  add column if not exists payment_id bigint;

alter table shots_queue
  add column if not exists scheduled_at timestamptz,
  add column if not exists sending_at timestamptz,
  add column if not exists sender text,
  add column if not exists sender_epoch bigint,
  add column if not exists sent_at timestamptz,
  add column if not exists outcome text,
  add column if not exists cancel_reason text;

-- No index may name sending_at or sender, not even in its condition: writing them would end the cheap (HOT) updates.
create index if not exists ix_downsells_queue_pending on downsells_queue (bot_slug, scheduled_at, id)
  where status = 'pending';
create index if not exists ix_downsells_queue_downsell on downsells_queue (downsell_id, status);
-- Which downsell or shot sold how much.
create index if not exists ix_payments_source on payments (bot_id, source) where source is not null;

-- A downsell as its rules are applied, whichever system wrote it (facts/legacy-schema): V2 names the bot by the slug and
-- may have both triggers; V3 has one trigger and kept the delay in minutes.
create or replace view downsell_rules as
select d.id, d.bot_id, d.bot_slug, d.name, d.bot_active, d.time_zone, d.active,
  case when d.v2 then coalesce(d.after_start, true) else d.trigger_type = 'start' end as on_start,
  case when d.v2 then coalesce(d.after_pix, false) else d.trigger_type = 'pix' end as on_pix,
  greatest(0, case when d.delay_seconds = 1200 and coalesce(d.delay_minutes, 20) <> 20 then d.delay_minutes * 60
    else d.delay_seconds end) as delay_seconds,
  d.repeat_after_seconds, d.drop_after_seconds, d.window_from_minutes, d.window_to_minutes, d.to_buyers, d.v2,
  d.content, d.media_refs, d.created_at
from (
  select d.id, d.name, d.active, d.after_start, d.after_pix, d.trigger_type, d.delay_seconds, d.delay_minutes,
    d.repeat_after_seconds, d.drop_after_seconds, d.window_from_minutes, d.window_to_minutes, d.to_buyers, d.content,
    d.media_refs, d.created_at, d.deleted_at, b.id as bot_id, b.slug as bot_slug, b.active as bot_active,
    b.deleted_at as bot_deleted_at, coalesce(b.time_zone, 'America/Sao_Paulo') as time_zone, false as v2
  from bot_downsells d join bots b on b.id = d.bot_id
  union all
  select d.id, d.name, d.active, d.after_start, d.after_pix, d.trigger_type, d.delay_seconds, d.delay_minutes,
    d.repeat_after_seconds, d.drop_after_seconds, d.window_from_minutes, d.window_to_minutes, d.to_buyers, d.content,
    d.media_refs, d.created_at, d.deleted_at, b.id, b.slug, b.active,
    b.deleted_at, coalesce(b.time_zone, 'America/Sao_Paulo'), true
  from bot_downsells d join bots b on b.slug = d.slug
  where d.bot_id is null) d
where d.deleted_at is null and d.bot_deleted_at is null;

-- Whoever sends is told what will be due soon, and sleeps otherwise. What is due later is found in its regular look, so
-- that an ordinary /start notifies nobody.
create or replace function funil_notify_due() returns trigger language plpgsql as $$
declare
  wait_ms double precision;
begin
  select extract(epoch from min(scheduled_at) - clock_timestamp()) * 1000 into wait_ms
  from fresh where status = 'pending' and scheduled_at < clock_timestamp() + interval '10 seconds';
  if wait_ms is not null then
    perform pg_notify('funil_changes',
      jsonb_build_object('table', tg_table_name, 'due_in_ms', ceil(greatest(wait_ms, 0)))::text);
  end if;
  return null;
end $$;

create or replace function funil_notify_moved() returns trigger language plpgsql as $$
begin
  perform pg_notify('funil_changes', jsonb_build_object('table', tg_table_name)::text);
  return null;
end $$;

create or replace trigger funil_notify_due after insert on downsells_queue
  referencing new table as fresh for each statement execute function funil_notify_due();
-- By hand, or by whoever puts a row back: it may be due earlier than anybody expects.
create or replace trigger funil_notify_moved after update on downsells_queue for each row
  when (old.scheduled_at > new.scheduled_at and new.status = 'pending') execute function funil_notify_moved();
