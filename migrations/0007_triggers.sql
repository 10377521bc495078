-- V2's triggers, then ours.

create or replace function update_media_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at = now();
  return new;
end $$;

create or replace trigger update_media_store_updated_at before update on media_store
  for each row execute function update_media_updated_at();
create or replace trigger update_media_cache_updated_at before update on media_cache
  for each row execute function update_media_updated_at();

create or replace function validate_bot_message_media() returns trigger language plpgsql as $$
begin
  if new.media_sha256 is not null then
    if new.media_kind is null or new.media_r2_key is null then
      raise exception 'media_kind and media_r2_key are required when media_sha256 is set';
    end if;
    if new.message_type not in ('photo', 'video', 'document', 'audio') then
      raise exception 'message_type must be photo, video, document or audio when media_sha256 is set';
    end if;
  end if;
  return new;
end $$;

create or replace trigger trg_validate_bot_message_media before insert or update on bot_messages
  for each row execute function validate_bot_message_media();

-- Every node keeps the settings of its bots in memory and reads them again when told that they changed, whoever changed
-- them: panel, API or plain SQL. Equal messages of one transaction are delivered once. A row of V2 has no bot_id; its
-- slug names the bot. A row that moves to another bot is told to both.
create or replace function funil_notify_change() returns trigger language plpgsql as $$
declare
  seen jsonb;
begin
  foreach seen in array array[to_jsonb(old), to_jsonb(new)] loop
    continue when seen is null;
    perform pg_notify('funil_changes', jsonb_strip_nulls(jsonb_build_object(
      'table', tg_table_name,
      'bot_id', case when tg_table_name = 'bots' then seen -> 'id' else seen -> 'bot_id' end,
      'slug', case when tg_table_name <> 'bots' and seen ->> 'bot_id' is null then seen ->> 'slug' end
    ))::text);
  end loop;
  return null;
end $$;

do $$
declare
  name text;
begin
  foreach name in array array['bots', 'bot_messages', 'bot_plans', 'bot_downsells', 'shots'] loop
    execute format('create or replace trigger funil_notify_rows after insert or delete on %I
      for each row execute function funil_notify_change()', name);
  end loop;
  foreach name in array array['bots', 'bot_messages', 'bot_plans', 'bot_downsells'] loop
    execute format('create or replace trigger funil_notify_update after update on %I
      for each row when (old.* is distinct from new.*) execute function funil_notify_change()', name);
  end loop;
end $$;

-- A running shot counts what it sends, several times a second; that is no change of its settings.
create or replace trigger funil_notify_update after update on shots
  for each row when (
    (old.bot_id, old.slug, old.title, old.content, old.message, old.target, old.status, old.trigger, old.active,
      old.scheduled_at, old.schedule_type, old.trigger_type, old.filters, old.filter_criteria, old.media_refs)
    is distinct from
    (new.bot_id, new.slug, new.title, new.content, new.message, new.target, new.status, new.trigger, new.active,
      new.scheduled_at, new.schedule_type, new.trigger_type, new.filters, new.filter_criteria, new.media_refs))
  execute function funil_notify_change();
