-- The media library. The tables of the older systems know four kinds; what a file is sent as beyond them (animation,
-- voice, round video) stands in send_as. media_cache also tells of which Telegram bot an id is, because it is worth
-- nothing to any other; owner and lease_until keep two processes from uploading the same file at once.
alter table media_store
  add column if not exists send_as text,
  add column if not exists file_name text;

alter table media_cache
  add column if not exists telegram_bot_id bigint,
  add column if not exists attempts integer not null default 0,
  add column if not exists next_attempt_at timestamptz,
  add column if not exists owner text,
  add column if not exists lease_until timestamptz;

do $$
begin
  if not exists (select from pg_constraint where conrelid = 'media_store'::regclass and conname = 'ck_media_store_send_as')
  then
    alter table media_store add constraint ck_media_store_send_as check (send_as is null or send_as in
      ('photo', 'video', 'animation', 'audio', 'voice', 'document', 'video_note')) not valid;
  end if;
end $$;

create index if not exists ix_media_store_library on media_store (bot_slug, id);

-- A bot's memory holds its files and their ids at Telegram: every node reads the bot again when one of them comes, goes
-- or changes. Tries and leases are no such change.
create or replace function funil_notify_media() returns trigger language plpgsql as $$
declare
  slug text := case when tg_op = 'DELETE' then old.bot_slug else new.bot_slug end;
begin
  perform pg_notify('funil_changes', jsonb_build_object('table', tg_table_name, 'slug', slug)::text);
  return null;
end $$;

create or replace trigger funil_notify_rows after insert or delete on media_store
  for each row execute function funil_notify_media();
create or replace trigger funil_notify_update after update on media_store
  for each row when (
    (old.bot_slug, old.kind, old.send_as, old.sha256) is distinct from
    (new.bot_slug, new.kind, new.send_as, new.sha256))
  execute function funil_notify_media();

create or replace trigger funil_notify_insert after insert on media_cache
  for each row when (new.status = 'ready') execute function funil_notify_media();
create or replace trigger funil_notify_delete after delete on media_cache
  for each row when (old.status = 'ready') execute function funil_notify_media();
create or replace trigger funil_notify_update after update on media_cache
  for each row when (
    (old.status = 'ready', old.tg_file_id, old.telegram_bot_id) is distinct from
    (new.status = 'ready', new.tg_file_id, new.telegram_bot_id))
  execute function funil_notify_media();
