-- Several processes on one database (docs/architecture.md, "Several processes").

-- Whom a process reckons with: one that joins works only when all who were there before do so.
alter table nodes add column if not exists peers text[] not null default '{}';

-- Whose turn it is with a person; used only while more than one process lives. A row belongs to a living owner, or to
-- nobody and is deleted.
create table if not exists person_turns (
  bot_id bigint not null,
  person_id bigint not null,
  owner text not null,
  primary key (bot_id, person_id)
);

-- Who sends a bot's bulk. The epoch grows with every new owner: what an earlier one still writes is refused by it.
create table if not exists bot_leases (
  bot_id bigint primary key references bots (id) on delete cascade,
  owner text not null,
  epoch bigint not null default 1,
  until timestamptz not null
);
