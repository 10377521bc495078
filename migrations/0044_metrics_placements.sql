-- Cells by placement (scope p, utm_term) begin with quarters of an hour, as those by source do: a question about a placement
-- in another zone's days read a tenth of all combinations. So their days are summed up and no longer made of combinations.
-- Cells of before are counted anew; until that is done, questions are answered from the rows.
-- Writes the cells of medium, campaign and content for days, from those by combinations. Units who came by several combinations of one campaign
-- stand in each of those and here once: which they are metrics_returns knows. What stood there must be gone.
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

do $$
begin
  if exists (select from metrics_cells where grain = 'q') and not exists (select from metrics_cells where grain = 'q' and scope = 'p') then
    truncate metrics_cells, metrics_times, metrics_returns;
    update metrics_state set rolled_to = null;
    insert into metrics_late default values;
  end if;
end $$;
