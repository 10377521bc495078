-- Whose account at the destination a row is for (the pixel's number): one that refuses us holds only its own rows.
alter table outbox add column if not exists account text not null default '';

-- By destination and account first: the work of one is found without passing by what another, dead one has waiting.
create index if not exists ix_outbox_due on outbox (destination, account, next_attempt_at, id)
  where status = 'pending' and destination is not null;
drop index if exists ix_outbox_work;
