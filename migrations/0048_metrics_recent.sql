-- Cells of ten seconds (grain s) from where the quarters end up to a few seconds ago: a question until now had the whole
-- history of everybody of the last five minutes read anew, 1 to 2 s while a crowd came. They reach as far as certainly
-- nobody writes any more: seen_xid was the next transaction at seen_at, so once every transaction before it has ended, all
-- that was written before seen_at is visible, and what is written later about earlier moments leaves a note.
alter table metrics_state add column if not exists recent_to timestamptz;
alter table metrics_state add column if not exists seen_at timestamptz;
alter table metrics_state add column if not exists seen_xid xid8;

-- The visits to the bot that ended in the last half hour, or have not: they can still go on, so no cell holds them yet. One
-- row for each, as it is at visits_to, by the last sign; with the marks of that.
create table if not exists metrics_visits (
  bot text not null,
  person bigint not null,
  at timestamptz not null,
  visit_seconds integer not null,
  utm_source text,
  utm_medium text,
  utm_campaign text,
  utm_content text,
  utm_term text
);
create index if not exists ix_metrics_visits_at on metrics_visits (at);
create index if not exists ix_metrics_visits_person on metrics_visits (person);
alter table metrics_state add column if not exists visits_to timestamptz;

-- Notes of moments beyond the quarters only shorten the cells of ten seconds; each question looks for the oldest one.
create index if not exists ix_metrics_late_at on metrics_late (at);

-- Two seconds late is late: the cells end two and a half seconds ago.
create or replace function metrics_note_events() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    insert into metrics_late default values;
  elsif tg_op = 'INSERT' then
    insert into metrics_late (at, session_id, person)
    select occurred_at, session_id, coalesce(telegram_id, tg_id) from fresh
    where occurred_at < clock_timestamp() - interval '2 seconds'
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

create or replace function metrics_note_payment() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' then
    insert into metrics_late default values;
    return null;
  end if;
  if tg_op <> 'INSERT' then
    insert into metrics_late (at)
    select at from (values (old.paid_at), (old.refunded_at), (case when old.bot_slug is null then old.updated_at end)) v (at)
    where at < clock_timestamp() - interval '2 seconds';
  end if;
  if tg_op <> 'DELETE' then
    insert into metrics_late (at)
    select at from (values (new.paid_at), (new.refunded_at), (case when new.bot_slug is null then new.updated_at end)) v (at)
    where at < clock_timestamp() - interval '2 seconds';
  end if;
  return null;
end $$;

-- Writes the cells of medium, campaign and content for days, from those by combinations. Units who came by several combinations of one campaign
-- stand in each of those and here once: which they are metrics_returns knows; what it knows of the ten seconds is no part of
-- a day yet. What stood there must be gone, and metrics_state must say how far the combinations reach.
create or replace function metrics_write_singles(days timestamptz[]) returns void language plpgsql
set plan_cache_mode = force_custom_plan as $$
begin
  insert into metrics_marks (marks, utm_medium, utm_campaign, utm_content)
  select distinct metrics_marks_of(k.scope, k.value), case k.scope when 'm' then k.value end,
    case k.scope when 'c' then k.value end, case k.scope when 'o' then k.value end
  from (select distinct marks from metrics_cells where grain = 'd' and scope = 't' and at = any(days)) c
    join metrics_marks m on m.marks = c.marks
    cross join lateral (values ('m'::"char", m.utm_medium), ('c', m.utm_campaign), ('o', m.utm_content))
      k (scope, value)
  on conflict do nothing;

  with summed as (
    select k.scope, metrics_marks_of(k.scope, k.value) as marks, case grouping(c.bot) when 1 then '*' else c.bot end as bot, c.at,
      sum(c.n1) as n1, sum(c.n2) as n2, sum(c.n3) as n3, sum(c.n4) as n4, sum(c.n5) as n5, sum(c.n6) as n6,
      sum(c.u1) as u1, sum(c.u2) as u2, sum(c.u3) as u3, sum(c.u4) as u4, sum(c.u5) as u5, sum(c.u6) as u6,
      metrics_joined(c.r1) filter (where c.r1 is not null) as r1,
      metrics_joined(c.r2) filter (where c.r2 is not null) as r2,
      metrics_joined(c.r3) filter (where c.r3 is not null) as r3,
      metrics_joined(c.r4) filter (where c.r4 is not null) as r4,
      metrics_joined(c.r5) filter (where c.r5 is not null) as r5,
      metrics_joined(c.r6) filter (where c.r6 is not null) as r6,
      sum(c.payments) as payments, sum(c.revenue_cents) as revenue_cents, sum(c.refunded_cents) as refunded_cents
    from metrics_cells c join metrics_marks m on m.marks = c.marks
      cross join lateral (values ('m'::"char", m.utm_medium), ('c', m.utm_campaign), ('o', m.utm_content))
        k (scope, value)
    where c.grain = 'd' and c.scope = 't' and c.at = any(days)
    group by grouping sets ((k.scope, k.value, c.at, c.bot), (k.scope, k.value, c.at))
  ), theirs as (
    select r.* from (
      select distinct n.bot, n.unit from unnest(days) d (lo)
        join metrics_returns n on n.at >= d.lo and n.at < d.lo + interval '26 hours') u
      join metrics_returns r on r.bot = u.bot and r.unit = u.unit
        and r.at < (select s.rolled_to from metrics_state s)
  ), returned as (
    select r.bot, r.step, k.scope, k.value, date_trunc('day', r.at, 'America/Sao_Paulo') as lo,
      max(r.at) over (partition by r.bot, r.unit, r.step, k.scope, r.marks order by r.at
        rows between unbounded preceding and 1 preceding) as old,
      max(r.at) over (partition by r.bot, r.unit, r.step, k.scope, k.value order by r.at
        rows between unbounded preceding and 1 preceding) as new
    from theirs r join metrics_marks m on m.marks = r.marks
      cross join lateral (values ('m'::"char", m.utm_medium, 2), ('c', m.utm_campaign, 4), ('o', m.utm_content, 8)) k (scope, value, bit)
    where (r.alike & k.bit) <> 0
  ), exchanged as (
    select r.scope, metrics_marks_of(r.scope, r.value) as marks, case grouping(r.bot) when 1 then '*' else r.bot end as bot, r.lo,
      count(*) filter (where r.step = 1 and r.new >= r.lo) as u1,
      count(*) filter (where r.step = 2 and r.new >= r.lo) as u2,
      count(*) filter (where r.step = 3 and r.new >= r.lo) as u3,
      count(*) filter (where r.step = 4 and r.new >= r.lo) as u4,
      count(*) filter (where r.step = 5 and r.new >= r.lo) as u5,
      count(*) filter (where r.step = 6 and r.new >= r.lo) as u6,
      array_agg(r.old) filter (where r.step = 1 and r.old is not null) as gone1,
      array_agg(r.old) filter (where r.step = 2 and r.old is not null) as gone2,
      array_agg(r.old) filter (where r.step = 3 and r.old is not null) as gone3,
      array_agg(r.old) filter (where r.step = 4 and r.old is not null) as gone4,
      array_agg(r.old) filter (where r.step = 5 and r.old is not null) as gone5,
      array_agg(r.old) filter (where r.step = 6 and r.old is not null) as gone6,
      array_agg(r.new) filter (where r.step = 1 and r.new < r.lo) as come1,
      array_agg(r.new) filter (where r.step = 2 and r.new < r.lo) as come2,
      array_agg(r.new) filter (where r.step = 3 and r.new < r.lo) as come3,
      array_agg(r.new) filter (where r.step = 4 and r.new < r.lo) as come4,
      array_agg(r.new) filter (where r.step = 5 and r.new < r.lo) as come5,
      array_agg(r.new) filter (where r.step = 6 and r.new < r.lo) as come6
    from returned r
    where (r.old is null or r.old < r.lo) and r.new is distinct from r.old and r.lo = any(days)
    group by grouping sets ((r.scope, r.value, r.lo, r.bot), (r.scope, r.value, r.lo))
  )
  insert into metrics_cells
  select 'd', c.scope, c.marks, c.bot, c.at,
    c.n1, c.n2, c.n3, c.n4, c.n5, c.n6,
    c.u1 - coalesce(x.u1, 0), c.u2 - coalesce(x.u2, 0), c.u3 - coalesce(x.u3, 0), c.u4 - coalesce(x.u4, 0),
    c.u5 - coalesce(x.u5, 0), c.u6 - coalesce(x.u6, 0),
    case when x.gone1 is not null or x.come1 is not null then metrics_exchanged(c.r1, x.gone1, x.come1)
      when c.r1 is not null then (select array_agg(i order by i) from unnest(c.r1) i) end,
    case when x.gone2 is not null or x.come2 is not null then metrics_exchanged(c.r2, x.gone2, x.come2)
      when c.r2 is not null then (select array_agg(i order by i) from unnest(c.r2) i) end,
    case when x.gone3 is not null or x.come3 is not null then metrics_exchanged(c.r3, x.gone3, x.come3)
      when c.r3 is not null then (select array_agg(i order by i) from unnest(c.r3) i) end,
    case when x.gone4 is not null or x.come4 is not null then metrics_exchanged(c.r4, x.gone4, x.come4)
      when c.r4 is not null then (select array_agg(i order by i) from unnest(c.r4) i) end,
    case when x.gone5 is not null or x.come5 is not null then metrics_exchanged(c.r5, x.gone5, x.come5)
      when c.r5 is not null then (select array_agg(i order by i) from unnest(c.r5) i) end,
    case when x.gone6 is not null or x.come6 is not null then metrics_exchanged(c.r6, x.gone6, x.come6)
      when c.r6 is not null then (select array_agg(i order by i) from unnest(c.r6) i) end,
    c.payments, c.revenue_cents, c.refunded_cents
  from summed c left join exchanged x on x.scope = c.scope and x.marks = c.marks and x.bot = c.bot and x.lo = c.at;

  insert into metrics_times
  select 'd', scope, marks, bot, kind, at, array_agg((bin << 32) + n order by bin) from (
    select k.scope, metrics_marks_of(k.scope, k.value) as marks, case grouping(c.bot) when 1 then '*' else c.bot end as bot,
      c.kind, c.at, b.bin, sum(b.n)::bigint as n
    from metrics_times c join metrics_marks m on m.marks = c.marks
      cross join lateral (values ('m'::"char", m.utm_medium), ('c', m.utm_campaign), ('o', m.utm_content))
        k (scope, value)
      cross join lateral (select i >> 32 as bin, i & 4294967295 as n from unnest(c.bins) i) b
    where c.grain = 'd' and c.scope = 't' and c.at = any(days)
    group by grouping sets ((k.scope, k.value, c.kind, c.at, b.bin, c.bot), (k.scope, k.value, c.kind, c.at, b.bin))) x
  group by scope, marks, bot, kind, at;
end $$;
