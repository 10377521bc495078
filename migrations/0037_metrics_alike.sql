-- Which kinds of marks a person's combinations have in common, one bit each (1 source, 2 medium, 4 campaign, 8 content,
-- 16 term): a question that asks for a kind need look only at those. Rows without any are of no use to any question.
alter table metrics_returns add column if not exists alike smallint;

update metrics_returns r set alike = found.alike
from (
  select r.ctid as row,
    case when min(r.marks) over s <> max(r.marks) over s then 1 else 0 end
      + case when min(r.marks) over m <> max(r.marks) over m then 2 else 0 end
      + case when min(r.marks) over c <> max(r.marks) over c then 4 else 0 end
      + case when min(r.marks) over o <> max(r.marks) over o then 8 else 0 end
      + case when min(r.marks) over t <> max(r.marks) over t then 16 else 0 end as alike
  from metrics_returns r join metrics_marks k on k.marks = r.marks
  window s as (partition by r.bot, r.unit, r.step, k.utm_source), m as (partition by r.bot, r.unit, r.step, k.utm_medium),
    c as (partition by r.bot, r.unit, r.step, k.utm_campaign), o as (partition by r.bot, r.unit, r.step, k.utm_content),
    t as (partition by r.bot, r.unit, r.step, k.utm_term)) found
where r.ctid = found.row and r.alike is null;

delete from metrics_returns where alike = 0;
alter table metrics_returns alter column alike set not null;

-- Events that no number uses leave no note any more: each late one had whole days counted again.
create or replace function metrics_note_events() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    insert into metrics_late default values;
  elsif tg_op = 'INSERT' then
    insert into metrics_late (at, session_id, person)
    select occurred_at, session_id, coalesce(telegram_id, tg_id) from fresh
    where occurred_at < clock_timestamp() - interval '2 minutes'
      and event_name not in ('bot_session_end', 'pix_refunded', 'pix_charged_back');
  elsif tg_op = 'DELETE' then
    insert into metrics_late (at, session_id, person)
    select occurred_at, session_id, coalesce(telegram_id, tg_id) from gone
    where event_name not in ('bot_session_end', 'pix_refunded', 'pix_charged_back');
  else
    insert into metrics_late (at, session_id, person)
    select occurred_at, session_id, coalesce(telegram_id, tg_id) from (
      select occurred_at, session_id, telegram_id, tg_id, event_name from gone
      union all
      select occurred_at, session_id, telegram_id, tg_id, event_name from fresh) x
    where event_name not in ('bot_session_end', 'pix_refunded', 'pix_charged_back')
    group by 1, 2, 3;
  end if;
  return null;
end $$;
