-- A question about a few combinations of marks looks up those that came under them, and does not read everybody's.
create index if not exists ix_metrics_returns_marks on metrics_returns (marks);
