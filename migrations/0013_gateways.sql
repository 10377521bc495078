-- What a gateway says once and never again, as the token of a webhook that was registered for a whole account: sealed
-- with ENCRYPTION_KEY like the bots' tokens. claimed_until keeps two processes from registering the same one at once.
create table if not exists gateway_settings (
  gateway text not null,
  key text not null,
  value text,
  iv text,
  claimed_until timestamptz,
  updated_at timestamptz not null default now(),
  primary key (gateway, key),
  constraint ck_gateway_settings_sealed check ((value is null) = (iv is null))
);
