-- The tables of the first system (V2), in its own shape, for a database that does not have them yet. Where they exist
-- nothing happens here: columns, indexes and constraints that an older state lacks are added by the next files.
-- Legacy rows are never rewritten; the code reads both old and new columns.

create table if not exists bots (
  id bigserial primary key,
  name text,
  slug text,
  provider text,
  use_album boolean default false,
  token text,
  -- base64(cipher + tag) as ASCII bytes; the IV stands in token_iv
  token_encrypted bytea,
  rate_per_minute integer not null default 60,
  sandbox boolean not null default false,
  renderer text not null default 'MarkdownV2',
  typing_delay_ms integer not null default 0,
  watermark text,
  created_at timestamptz not null default now(),
  token_iv text,
  token_updated_at timestamptz,
  deleted_at timestamptz,
  start_message jsonb,
  start_message_updated_at timestamptz,
  warmup_chat_id text,
  start_media_refs jsonb default '[]'::jsonb
);

create table if not exists bot_messages (
  id bigserial primary key,
  bot_id bigint constraint fk_bot_messages_bot_id references bots (id) on delete cascade,
  slug text not null,
  sequence_order integer not null default 1,
  message_type text not null default 'text',
  content jsonb not null,
  active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  media_sha256 text,
  media_kind text check (media_kind is null or media_kind in ('photo', 'video', 'document', 'audio')),
  media_r2_key text
);

create table if not exists bot_downsells (
  id bigserial primary key,
  bot_id bigint constraint fk_bot_downsells_bot_id references bots (id) on delete cascade,
  slug text not null,
  name text not null,
  content jsonb not null,
  delay_seconds integer not null default 1200,
  active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  after_start boolean default true,
  after_pix boolean default false,
  delay_minutes integer default 20,
  media_refs jsonb default '[]'::jsonb
);

create table if not exists downsells_queue (
  id bigserial primary key,
  downsell_id bigint not null constraint fk_downsells_queue_downsell_id references bot_downsells (id) on delete cascade,
  bot_id bigint,
  slug text not null,
  tg_id text not null,
  schedule_at timestamptz not null,
  status text not null default 'pending' constraint downsells_queue_status_check
    check (status in ('pending', 'sent', 'failed', 'canceled', 'expired', 'skipped')),
  attempts integer not null default 0,
  last_attempt_at timestamptz,
  error_message text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  bot_slug text not null,
  telegram_id bigint not null,
  transaction_id text,
  trigger text not null constraint downsells_queue_trigger_check check (trigger in ('start', 'pix')),
  scheduled_at timestamptz not null,
  cancel_reason text,
  meta jsonb default '{}'::jsonb,
  event_id text
);

create table if not exists shots (
  id bigserial primary key,
  bot_id bigint constraint fk_shots_bot_id references bots (id) on delete cascade,
  slug text not null,
  title text not null,
  content jsonb not null,
  target text not null default 'all_started',
  status text not null default 'DRAFT',
  total_targets integer not null default 0,
  sent_count integer not null default 0,
  failed_count integer not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  trigger text not null default 'now',
  scheduled_at timestamptz,
  message jsonb,
  parse_mode text default 'MarkdownV2',
  filters jsonb default '{}'::jsonb,
  created_by text,
  bot_slug text,
  media_refs jsonb default '[]'::jsonb
);

create table if not exists shots_queue (
  id bigserial primary key,
  shot_id bigint not null constraint fk_shots_queue_shot_id references shots (id) on delete cascade,
  slug text not null,
  tg_id text not null,
  status text not null default 'PENDING',
  attempts integer not null default 0,
  last_attempt_at timestamptz,
  error_message text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  telegram_id bigint,
  bot_slug text,
  message_id bigint,
  event_id text
);

create table if not exists media_store (
  id bigserial primary key,
  bot_slug text not null,
  kind text not null check (kind in ('photo', 'video', 'document', 'audio')),
  r2_key text not null,
  r2_etag text,
  bytes bigint not null,
  sha256 text not null,
  ext text,
  mime text,
  width integer,
  height integer,
  duration integer,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

create table if not exists media_cache (
  id bigserial primary key,
  bot_slug text not null,
  sha256 text not null,
  kind text not null check (kind in ('photo', 'video', 'document', 'audio')),
  tg_file_id text,
  tg_file_unique_id text,
  warmup_chat_id text,
  warmup_message_id bigint,
  warmup_at timestamptz,
  status text not null default 'warming' check (status in ('ready', 'warming', 'error')),
  last_error text,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);

create table if not exists payments (
  id bigserial primary key,
  transaction_id text not null,
  provider text not null,
  external_id text,
  status text not null,
  amount_cents integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists gateway_events (
  id bigserial primary key,
  provider text not null,
  provider_event_id text not null,
  payload jsonb,
  received_at timestamptz not null default now(),
  dedupe_key text not null default '',
  slug text,
  purpose text,
  error_code text,
  occurred_at timestamptz default now(),
  request_id text,
  chat_id text,
  message_id bigint,
  status text check (status in ('pending', 'sent', 'ok', 'error', 'fail')),
  latency_ms integer,
  created_at timestamptz default now(),
  unique (provider, provider_event_id)
);

create table if not exists outbox (
  id bigserial primary key,
  topic text not null,
  payload jsonb not null,
  next_attempt_at timestamptz not null default now(),
  attempt_count integer not null default 0,
  processed_at timestamptz,
  created_at timestamptz not null default now()
);

-- Range on occurred_at by UTC month; the months themselves are made by the service, ahead of time. A primary key
-- would have to contain occurred_at, so uniqueness of event_id lives in each partition.
create table if not exists funnel_events (
  id bigint generated by default as identity,
  bot_id bigint,
  bot_slug text,
  event_name text not null,
  event_id text not null,
  tg_id bigint,
  transaction_id text,
  payload_id text,
  price_cents integer,
  meta jsonb,
  occurred_at timestamptz not null default now(),
  created_at timestamptz not null default now()
) partition by range (occurred_at);

do $$
begin
  -- An older state of V2 has a plain table, which needs no partitions.
  if (select relkind from pg_class where oid = 'funnel_events'::regclass) = 'p'
    and not exists (
      select from pg_partitioned_table where partrelid = 'funnel_events'::regclass and partdefid <> 0)
  then
    create table funnel_events_default partition of funnel_events default;
    create unique index ux_fe_event_id_default on funnel_events_default (event_id);
  end if;
end $$;
