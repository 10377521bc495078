-- What Telegram says of a bot's address when it is asked from time to time.
alter table bots
  add column if not exists webhook_pending integer,
  add column if not exists webhook_registered_at timestamptz;

-- What is only known of the address is no change of the bot's settings: nobody has to read the bot again for it.
create or replace trigger funil_notify_update after update on bots
  for each row when (
    to_jsonb(old) - array['webhook_error', 'webhook_pending', 'webhook_checked_at', 'webhook_registered_at']
    is distinct from
    to_jsonb(new) - array['webhook_error', 'webhook_pending', 'webhook_checked_at', 'webhook_registered_at'])
  execute function funil_notify_change();

-- For the operator's lists and numbers: few rows, whatever the size of the table.
create index if not exists ix_telegram_updates_dead on telegram_updates (received_at desc, bot_id desc, update_id desc)
  where state = 2;
create index if not exists ix_outbox_failed on outbox (destination) where status = 'failed' and destination is not null;
