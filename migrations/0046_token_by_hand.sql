-- A token that somebody writes by plain SQL is the later word: the sealed one that stands beside it would win over it.
-- As when it is renewed by the API, the webhook gets a new secret, and a bot that its old token stopped works again.
create or replace function funil_token_by_hand() returns trigger language plpgsql as $$
begin
  -- Whoever writes both knows what he does.
  if new.token is null or new.token !~ '^\d{1,18}:' or new.token is not distinct from old.token
    or new.token_encrypted is distinct from old.token_encrypted then
    return new;
  end if;
  new.token_encrypted = null;
  new.token_iv = null;
  new.token_updated_at = now();
  new.webhook_secret_token = null;
  new.webhook_url = null;
  new.webhook_error = null;
  if old.token_status = 'invalid' then
    new.token_status = 'unverified';
    if new.active is not distinct from old.active and not old.active then
      new.active = true;
      new.inactive_reason = null;
    end if;
  end if;
  -- Another bot of Telegram: its name is not known yet.
  if split_part(new.token, ':', 1) <> old.telegram_bot_id::text then
    new.telegram_bot_id = split_part(new.token, ':', 1)::bigint;
    new.bot_username = null;
  end if;
  return new;
end $$;

-- Without naming columns: one that a trigger names cannot change its type any more, and the older systems differ there.
create or replace trigger funil_token_by_hand before update on bots for each row execute function funil_token_by_hand();
