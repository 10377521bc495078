import type { SqlClient, Statement } from "effect/sql"

/**
 * The person of a payment (`charge` names its row) has a PIX, or has paid; answers that person's row as it is then.
 * Whoever taps may be unknown yet: the older systems kept no list of people.
 */
export const personOf = (sql: SqlClient.SqlClient, fact: "pix" | "paid", charge: Statement.Fragment) => sql`
  insert into bot_users as u (bot_id, telegram_id, name, has_paid, first_pix_at, first_paid_at)
  select p.bot_id, coalesce(p.telegram_id, o.telegram_id), p.customer_first_name, ${fact === "paid"}::boolean,
    p.created_at, case when ${fact === "paid"}::boolean then p.paid_at end
  from ${charge} p
    join bots b on b.id = p.bot_id
    left join bot_users o on o.id = p.bot_user_id
  where coalesce(p.telegram_id, o.telegram_id) is not null
  on conflict (bot_id, telegram_id) do update set updated_at = now(),
    has_paid = u.has_paid or excluded.has_paid,
    first_pix_at = least(u.first_pix_at, excluded.first_pix_at),
    first_paid_at = least(u.first_paid_at, excluded.first_paid_at)
  returning u.*`
