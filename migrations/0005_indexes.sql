-- Indexes of our own queries. Unique ones are partial over rows that only we write, so legacy rows cannot break them.

create index if not exists ix_bot_messages_bot_id on bot_messages (bot_id, slug) where bot_id is not null;
create index if not exists ix_bot_downsells_bot_id on bot_downsells (bot_id) where bot_id is not null;
create index if not exists ix_shots_bot_id on shots (bot_id) where bot_id is not null;
create index if not exists ix_shots_queue_pending on shots_queue (shot_id, id) where status = 'pending';

create unique index if not exists ux_bot_plans_legacy_key on bot_plans (bot_id, legacy_key) where legacy_key is not null;
create index if not exists ix_bot_plans_bot_id on bot_plans (bot_id, position);

-- None on last_seen_at: it changes with every message, and an index on it would end the cheap (HOT) updates.
create index if not exists ix_bot_users_list on bot_users (bot_id, first_seen_at desc, id desc);
create index if not exists ix_bot_users_list_all on bot_users (first_seen_at desc, id desc);
create index if not exists ix_bot_users_telegram_id on bot_users (telegram_id);

create index if not exists ix_telegram_updates_waiting on telegram_updates (received_at) where state = 0;
-- Old rows are deleted by age; rows arrive in that order, so a block range index costs next to nothing.
create index if not exists ix_telegram_updates_received on telegram_updates using brin (received_at);

create unique index if not exists ux_payments_webhook_key on payments (webhook_key) where webhook_key is not null;
create index if not exists ix_payments_gateway_charge on payments (gateway, lower(gateway_charge_id));
create unique index if not exists ux_payments_gateway_charge on payments (gateway, lower(gateway_charge_id))
  where bot_slug is not null;
-- ONE OPEN CHARGE per person, plan and value; decides between taps, devices and nodes.
create unique index if not exists ux_payments_open_charge on payments (bot_id, telegram_id, plan_id, value_cents)
  where status in ('creating', 'pending') and bot_slug is not null;
create index if not exists ix_payments_due_check on payments (next_check_at) where next_check_at is not null;
-- Sweeps of creations that died with their process.
create index if not exists ix_payments_creating on payments (created_at) where status = 'creating';
create index if not exists ix_payments_bot_list on payments (bot_id, created_at desc, id desc);
create index if not exists ix_payments_list on payments (created_at desc, id desc);
create index if not exists ix_payments_person on payments (telegram_id, bot_id) where telegram_id is not null;

create index if not exists ix_gateway_events_work on gateway_events (next_attempt_at)
  where state = 'waiting' and raw is not null;
create index if not exists ix_gateway_events_charge on gateway_events (provider, lower(gateway_charge_id))
  where gateway_charge_id is not null;

create unique index if not exists ux_outbox_dedupe on outbox (dedupe_key) where dedupe_key is not null;
create index if not exists ix_outbox_work on outbox (next_attempt_at, id)
  where status = 'pending' and destination is not null;
create index if not exists ix_outbox_order on outbox (destination, order_key, id)
  where status = 'pending' and destination is not null;
create index if not exists ix_outbox_list on outbox (created_at desc, id desc) where destination is not null;

-- On the parent, so that every month has them. The names must be free: V2 left its own on funnel_events_legacy, where
-- "if not exists" would take them for these.
create index if not exists ix_fe_bot_event_time on funnel_events (bot_id, event_name, occurred_at);
create index if not exists ix_fe_time on funnel_events (occurred_at);
create index if not exists ix_fe_session on funnel_events (session_id) where session_id is not null;
create index if not exists ix_fe_telegram on funnel_events (telegram_id) where telegram_id is not null;
