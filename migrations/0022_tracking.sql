-- Tracking from the ad to the bot (docs/tracking.md). No row of a bot: the defaults hold, so nothing has to be written
-- when a bot is made.
create table if not exists bot_tracking (
  bot_id bigint primary key references bots (id) on delete cascade,
  pixel_id text,
  -- sealed with ENCRYPTION_KEY like the bots' tokens
  pixel_token text,
  pixel_token_iv text,
  -- which event of Meta a step of the funnel is; absent steps have their default
  meta_events jsonb not null default '{}',
  consent_required boolean not null default false,
  utmify_waiting_payment boolean not null default true,
  -- texts of the hosted presell page
  presell jsonb,
  updated_at timestamptz not null default now(),
  constraint ck_bot_tracking_pixel check (pixel_id ~ '^[0-9]{5,20}$'),
  constraint ck_bot_tracking_sealed check ((pixel_token is null) = (pixel_token_iv is null))
);

create or replace trigger funil_notify_rows after insert or delete on bot_tracking
  for each row execute function funil_notify_change();
create or replace trigger funil_notify_update after update on bot_tracking
  for each row when (old.* is distinct from new.*) execute function funil_notify_change();

alter table tracking_sessions
  -- cookie: read from _fbc; derived: made of the fbclid of the address
  add column if not exists fbc_origin text,
  -- null: nobody was asked, or has not answered yet
  add column if not exists consent boolean,
  -- why this visit is no person's; such sessions are not part of the funnel
  add column if not exists bot_reason text,
  add column if not exists in_app_browser text,
  -- a person asked to be forgotten: the row only counts, and its token opens nothing any more
  add column if not exists erased_at timestamptz;

create index if not exists ix_tracking_sessions_person on tracking_sessions (telegram_id) where telegram_id is not null;

-- Addresses and browsers of visitors, apart from everything else and kept for six months only (Marco Civil, art. 15).
-- payment_id 0 is the newest of a session, any other the charge's own snapshot.
create table if not exists tracking_clients (
  session_id text not null,
  payment_id bigint not null default 0,
  ip inet,
  user_agent text,
  seen_at timestamptz not null default now(),
  primary key (session_id, payment_id)
);
create index if not exists ix_tracking_clients_seen on tracking_clients (seen_at);

-- How far a job has come that works through time; one row per job.
create table if not exists tracking_marks (
  name text primary key,
  reached_at timestamptz not null
);
