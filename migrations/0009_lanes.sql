-- Paid broadcast: Telegram takes up to 1000 messages a second from a bot that pays for them in Stars. Off unless the
-- seller asks for it, because it costs. Without a rate of its own a paid bot sends at the service's default.
alter table bots
  add column if not exists allow_paid_broadcast boolean not null default false,
  add column if not exists paid_messages_per_second integer;
