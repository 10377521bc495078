-- What a gateway keeps of each payment, where it does not say so itself: the seller's own contract with it. The row of
-- PushinPay holds its public price, R$ 0,30 per PIX, until somebody changes it.
create table if not exists gateway_fees (
  gateway text primary key,
  fixed_cents integer not null default 0 constraint ck_gateway_fees_fixed check (fixed_cents >= 0),
  percent_bps integer not null default 0 constraint ck_gateway_fees_percent check (percent_bps between 0 and 10000),
  updated_at timestamptz not null default now()
);

insert into gateway_fees (gateway, fixed_cents) values ('pushinpay', 30) on conflict do nothing;

-- refund_requested_at keeps two clicks, or two people, from asking a gateway twice for the same refund.
-- hint_asked_at: when a webhook that proves nothing had the gateway asked about this charge; it may do so once.
-- pix_message_ids: the messages that show this code, so that they can say later that it expired or was paid.
alter table payments
  add column if not exists refund_requested_at timestamptz,
  add column if not exists hint_asked_at timestamptz,
  add column if not exists pix_message_ids bigint[];

-- second_gateway charges when the first one is away or refuses; max_pix_per_hour is how many unpaid codes one
-- person may have made in an hour.
alter table bots
  add column if not exists second_gateway text,
  add column if not exists max_pix_per_hour integer;
