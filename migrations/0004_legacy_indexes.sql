-- V2's indexes under their own names, so that a new database and production plan queries alike.

create index if not exists ix_bots_active_deleted_at on bots (deleted_at, created_at desc) where deleted_at is null;
create index if not exists ix_bots_deleted_at_not_null on bots (deleted_at desc) where deleted_at is not null;
create index if not exists ix_bots_slug_not_deleted on bots (slug) where deleted_at is null;
create index if not exists ix_bots_start_media_refs on bots using gin (start_media_refs)
  where start_media_refs <> '[]'::jsonb;
create index if not exists ix_bots_start_message_active on bots ((start_message ->> 'active'))
  where start_message is not null;

create index if not exists ix_bot_messages_bot_media on bot_messages (slug, media_sha256)
  where media_sha256 is not null;
create index if not exists ix_bot_messages_media_sha256 on bot_messages (media_sha256) where media_sha256 is not null;
create index if not exists ix_bot_messages_slug_active on bot_messages (slug, active);
create index if not exists ix_bot_messages_slug_order on bot_messages (slug, sequence_order);

create index if not exists ix_bot_downsells_media_refs on bot_downsells using gin (media_refs)
  where media_refs <> '[]'::jsonb;
create index if not exists ix_bot_downsells_slug_active on bot_downsells (slug, active);

create index if not exists ix_downsells_queue_bot_status on downsells_queue (bot_slug, status);
create index if not exists ix_downsells_queue_scheduled_status on downsells_queue (scheduled_at, status)
  where status = 'pending';
create index if not exists ix_downsells_queue_status on downsells_queue (status);
create index if not exists ix_downsells_queue_telegram_id on downsells_queue (bot_slug, telegram_id, status);
create index if not exists ix_downsells_queue_transaction_status on downsells_queue (transaction_id, status)
  where transaction_id is not null;

create index if not exists ix_shots_media_refs on shots using gin (media_refs) where media_refs <> '[]'::jsonb;
create index if not exists ix_shots_slug_status on shots (slug, status);
create index if not exists ix_shots_status on shots (status);
create index if not exists ix_shots_trigger_scheduled on shots (trigger, scheduled_at)
  where status in ('scheduled', 'queued');

create index if not exists ix_shots_queue_shot_status on shots_queue (shot_id, status);
create index if not exists ix_shots_queue_status on shots_queue (status) where status = 'PENDING';
create index if not exists ix_shots_queue_telegram_id on shots_queue (bot_slug, telegram_id, status);

create index if not exists ix_media_store_bot_kind on media_store (bot_slug, kind);
create index if not exists ix_media_store_bot_slug on media_store (bot_slug);
create index if not exists ix_media_store_sha256 on media_store (sha256);
create index if not exists ix_media_cache_bot_slug on media_cache (bot_slug);
create index if not exists ix_media_cache_file_id on media_cache (tg_file_id) where tg_file_id is not null;
create index if not exists ix_media_cache_status on media_cache (status);

create index if not exists ix_payments_provider_external on payments (provider, external_id);

create index if not exists ix_gateway_events_occurred_at on gateway_events (occurred_at desc);
create index if not exists ix_gateway_events_request_id on gateway_events (request_id);
create index if not exists ix_gateway_events_slug_purpose on gateway_events (slug, purpose);

create index if not exists ix_outbox_pick on outbox (next_attempt_at, id) where processed_at is null;

-- The unique ones. Rows of an unknown past may break the rule; then the service still has to start, with an ordinary
-- index under another name. gateway_events (provider, provider_event_id) is a constraint of the table in most states.
do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('ux_bots_slug', 'bots', '(slug)'),
      ('ux_downsells_queue_event_id', 'downsells_queue', '(event_id)'),
      ('ux_downsells_queue_pending_unique', 'downsells_queue',
        '(bot_slug, telegram_id, downsell_id) where status = ''pending'''),
      ('ux_shots_queue_event_id', 'shots_queue', '(event_id) where event_id is not null'),
      ('ux_shots_queue_shot_telegram', 'shots_queue', '(shot_id, telegram_id)'),
      ('ux_media_store_r2_key', 'media_store', '(r2_key)'),
      ('ux_media_cache_key', 'media_cache', '(bot_slug, sha256, kind)'),
      ('ux_payments_tx', 'payments', '(transaction_id)'),
      ('ux_gateway_events_dedupe', 'gateway_events', '(dedupe_key)'),
      ('gateway_events_provider_provider_event_id_key', 'gateway_events', '(provider, provider_event_id)'),
      ('idx_bot_users_bot_id_telegram_id', 'bot_users', '(bot_id, telegram_id)')
    ) v (name, on_table, definition)
  loop
    continue when to_regclass(wanted.name) is not null;
    begin
      execute format('create unique index %I on %I %s', wanted.name, wanted.on_table, wanted.definition);
    exception when unique_violation then
      raise notice 'Rows of % repeat %; it is not enforced', wanted.on_table, wanted.definition;
      execute format('create index if not exists %I on %I %s',
        'ix_' || regexp_replace(wanted.name, '^ux_', ''), wanted.on_table, wanted.definition);
    end;
  end loop;
end $$;
