-- Who runs a job that only one process may run at a time. The epoch grows with every new owner: what an earlier one still
-- writes is refused by it. The rest is for people who look.
create table if not exists scheduler_jobs (
  name text primary key,
  owner text not null,
  epoch bigint not null default 1,
  until timestamptz not null,
  finished_at timestamptz,
  error text
);
