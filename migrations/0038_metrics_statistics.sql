-- How many rows have each kind of mark in common: without it the planner takes them for a few and sorts what it could hash.
create statistics if not exists st_metrics_returns_alike_1 on (alike & 1) from metrics_returns;
create statistics if not exists st_metrics_returns_alike_2 on (alike & 2) from metrics_returns;
create statistics if not exists st_metrics_returns_alike_4 on (alike & 4) from metrics_returns;
create statistics if not exists st_metrics_returns_alike_8 on (alike & 8) from metrics_returns;
create statistics if not exists st_metrics_returns_alike_16 on (alike & 16) from metrics_returns;
