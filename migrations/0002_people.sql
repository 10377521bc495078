-- Tables that the second system (V3) added, in its shape, and our own.

create table if not exists bot_users (
  id bigserial primary key,
  bot_id bigint not null references bots (id) on delete cascade,
  telegram_id bigint not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  last_start_at timestamptz,
  has_paid boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  blocked boolean not null default false,
  has_purchase boolean default false
);

create table if not exists tracking_sessions (
  id text primary key,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  ip inet,
  user_agent text,
  utm_source text,
  utm_medium text,
  utm_campaign text,
  utm_content text,
  utm_term text,
  fbp text,
  fbc text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table if not exists bot_plans (
  id bigserial primary key,
  bot_id bigint not null references bots (id) on delete cascade,
  name text not null,
  price_cents integer not null check (price_cents > 0),
  active boolean not null default true,
  position integer not null default 0,
  delivery jsonb,
  vip_chat_id text,
  -- names the V3 content and position that this plan was read from
  legacy_key text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz
);

-- The inbox: every update of Telegram is a row before Telegram gets its answer. No foreign key and few indexes, because
-- this is the hottest table; fillfactor leaves room for the update that marks a row done (HOT). The payload is text
-- because jsonb refuses U+0000 and lone surrogates, which people do send.
create table if not exists telegram_updates (
  bot_id bigint not null,
  update_id bigint not null,
  person_id bigint,
  kind text not null,
  payload text not null,
  request_id text,
  received_at timestamptz not null default now(),
  -- 0 waiting, 1 done, 2 dead
  state smallint not null default 0 check (state in (0, 1, 2)),
  attempts smallint not null default 0,
  progress smallint not null default 0,
  lease_until timestamptz,
  owner text,
  done_at timestamptz,
  error text,
  primary key (bot_id, update_id)
) with (fillfactor = 80);
