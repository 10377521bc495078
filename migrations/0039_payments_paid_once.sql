-- The same index stood here twice (0026 and 0032); each is written to with every payment.
drop index if exists ix_payments_paid_at;
