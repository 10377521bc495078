-- Trouble and good news for the operator's own Telegram chat.

-- One row at most: which bot writes to which chat. No row, or no chat: nobody is told.
create table if not exists alert_settings (
  only_row boolean primary key default true constraint ck_alert_settings_only_row check (only_row),
  bot_id bigint references bots (id) on delete set null,
  chat_id text,
  updated_at timestamptz not null default now()
);

-- What was told of each cause and when; an empty state is a cause that is over and may be told anew.
create table if not exists alerts (
  cause text primary key,
  state text not null,
  told_at timestamptz not null default now()
);

-- The first sale of a day, and how the last charges of each gateway went.
create index if not exists ix_payments_paid_at on payments (paid_at) where paid_at is not null;
