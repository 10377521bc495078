-- While a seller tries out a pixel of his own: Meta shows what comes with this code in its tab "Testar eventos".
alter table bot_tracking add column if not exists test_event_code text;
