-- Cells begin with quarters of an hour (grain q), the parts of every zone's hours: a border inside an hour cuts a quarter of
-- it, and what came late has quarters counted again. Combinations of marks have no hours of their own. Cells of before are
-- counted anew; until that is done, questions are answered from the rows.
do $$
begin
  if exists (select from metrics_cells where grain = 'h') and not exists (select from metrics_cells where grain = 'q') then
    truncate metrics_cells, metrics_times, metrics_returns;
    update metrics_state set rolled_to = null;
    insert into metrics_late default values;
  end if;
end $$;
