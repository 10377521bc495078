-- Who bought a place in which VIP group or channel. One row per payment; a place is held while its payment is paid and the
-- row not withdrawn.
create table if not exists vip_access (
  payment_id bigint primary key,
  bot_id bigint not null,
  telegram_id bigint not null,
  -- as the seller wrote it: a number or @name
  chat_id text not null,
  invite_link text,
  state text not null default 'inviting'
    constraint ck_vip_access_state check (state in ('inviting', 'invited', 'joined', 'withdrawn')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create index if not exists ix_vip_access_person on vip_access (bot_id, telegram_id);
create index if not exists ix_vip_access_link on vip_access (invite_link) where invite_link is not null;

-- withdraw_access: a refund or chargeback takes the place away. vip_error: what keeps the bot from inviting, for its seller.
alter table bots
  add column if not exists withdraw_access boolean not null default true,
  add column if not exists vip_error text;
