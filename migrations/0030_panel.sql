-- The panel tells the story of one payment: what its gateway said of it, and what left because of it.
create index if not exists ix_gateway_events_payment on gateway_events (payment_id) where payment_id is not null;
create index if not exists ix_outbox_payment on outbox (payment_id) where payment_id is not null;
