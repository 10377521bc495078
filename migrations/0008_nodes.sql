-- Processes that share this database. A row of work belongs to its owner while the owner's heartbeat is fresh; that is
-- one small UPDATE every two seconds per process instead of a lease to renew on every row under way.
create table if not exists nodes (
  id text primary key,
  started_at timestamptz not null default now(),
  seen_at timestamptz not null default now()
);
