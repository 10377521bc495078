-- Shots: whom they are for is frozen once, in shots_queue; what became of each person stands in his row.

alter table shots
  -- when its people were frozen; a shot of the older systems has none and is never sent by itself
  add column if not exists frozen_at timestamptz,
  add column if not exists resumed_at timestamptz,
  add column if not exists canceled_at timestamptz,
  -- why it stopped by itself
  add column if not exists stop_reason text,
  add column if not exists error_limit_percent integer not null default 20,
  -- what did not leave so long after the start is dropped; without it, it may leave late
  add column if not exists valid_hours integer,
  -- how fast it goes, as whoever sends it saw lately
  add column if not exists per_second real,
  add column if not exists per_second_at timestamptz;

-- A row with sending_at may have left, in the name of its sender; only he settles it, and nobody sends it again.
alter table shots_queue
  add column if not exists next_attempt_at timestamptz,
  add column if not exists settled_at timestamptz;

-- Shots are told by their own row; a million people frozen at once must not be kept a second time for a trigger.
drop trigger if exists funil_notify_due on shots_queue;
drop trigger if exists funil_notify_moved on shots_queue;

-- How often one person may get shots of a bot; no limit without it.
alter table bots
  add column if not exists shots_per_person integer,
  add column if not exists shots_per_person_hours integer;

do $$
declare
  wanted record;
begin
  for wanted in
    select * from (values
      ('shots', 'ck_shots_status', $rule$frozen_at is null
        or status in ('sending', 'paused', 'done', 'canceled')$rule$),
      ('shots', 'ck_shots_limits', $rule$error_limit_percent between 1 and 100
        and (valid_hours is null or valid_hours between 1 and 8760)$rule$),
      ('shots_queue', 'ck_shots_queue_settled', $rule$settled_at is null or status <> 'pending'$rule$),
      ('bots', 'ck_bots_shots_per_person', $rule$(shots_per_person is null) = (shots_per_person_hours is null)
        and coalesce(shots_per_person, 1) > 0 and coalesce(shots_per_person_hours, 1) > 0$rule$)
    ) v (on_table, name, rule)
  loop
    continue when exists (
      select from pg_constraint where conrelid = wanted.on_table::regclass and conname = wanted.name);
    execute format('alter table %I add constraint %I check (%s) not valid', wanted.on_table, wanted.name, wanted.rule);
  end loop;
end $$;

-- Half of each page is left for the marks of departure, whose updates are then HOT.
alter table shots_queue set (fillfactor = 50);

-- Few rows each: what goes on or is due.
create index if not exists ix_shots_live on shots (bot_id, started_at) where status = 'sending' and frozen_at is not null;
create index if not exists ix_shots_scheduled on shots (scheduled_at) where status = 'scheduled';
-- No index of shots_queue may name sending_at or sender, not even as its condition: writing them would end the cheap (HOT) updates.
