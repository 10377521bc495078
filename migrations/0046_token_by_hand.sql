-- A token that somebody writes by plain SQL is the later word: the sealed one that stands beside it would win over it.
-- As when it is renewed by the API, the webhook gets a new secret, and a bot that its old token stopped works again.
create or replace function funil_token_by_hand() returns trigger language plpgsql as $$
begin
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

-- Whoever writes both knows what he does.
create or replace trigger funil_token_by_hand before update of token on bots for each row
  when (new.token ~ '^\d{1,18}:' and new.token is distinct from old.token
    and new.token_encrypted is not distinct from old.token_encrypted)
  execute function funil_token_by_hand();
