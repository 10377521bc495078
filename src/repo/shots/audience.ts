import type { SqlClient } from "effect/sql"
import type { ShotFilters } from "../../domain/shot.ts"

/** Somebody of whom the older or this system knows a payment. */
export const hasPaid = (sql: SqlClient.SqlClient) => sql.literal("(u.has_paid or coalesce(u.has_purchase, false))")

/**
 * The people `u` of a bot whom a shot is for. Who asked to be left alone is never among them. `since` and `until` are
 * about what the audience is named after: the /start, the PIX, the payment, else the first contact.
 */
export const audienceOf = (sql: SqlClient.SqlClient, botId: number, filters: ShotFilters) =>
  sql`bot_users u where ${sql.and([
    sql`u.bot_id = ${botId}`,
    sql`not u.opted_out`,
    ...(filters.exclude_blocked === false ? [] : [sql`not u.blocked`]),
    ...conditionsOf(sql, botId, filters),
    ...utmOf(sql, filters.utm ?? {})
  ])}`

const conditionsOf = (sql: SqlClient.SqlClient, botId: number, { audience = "all", since, until }: ShotFilters) => {
  const paid = hasPaid(sql)
  const within = (first: string, last = first) => [
    ...(since === undefined ? [] : [sql`${sql.literal(last)} >= ${since}::timestamptz`]),
    ...(until === undefined ? [] : [sql`${sql.literal(first)} < ${until}::timestamptz`])
  ]
  // Two lists instead of one with an "or": V3's charges name the person by his row, and asking each charge for it reads
  // all people of all bots. Who paid this month, of a million people: 250 ms, and now 90.
  const charge = (statuses: string, at: string) => {
    const wanted = sql`p.bot_id = ${botId} and ${sql.and([sql`p.status in ${sql.literal(statuses)}`, ...within(at)])}`
    return sql`u.telegram_id in (
      select p.telegram_id from payments p where p.telegram_id is not null and ${wanted}
      union all
      select o.telegram_id from payments p join bot_users o on o.id = p.bot_user_id
      where p.telegram_id is null and p.bot_user_id is not null and ${wanted})`
  }
  switch (audience) {
    case "all":
      return within("u.first_seen_at")
    case "never_paid":
      return [sql`not ${paid}`, ...within("u.first_seen_at")]
    case "started":
      // Somebody who came again belongs to both times.
      return [
        sql`u.last_start_at is not null`,
        ...within("coalesce(u.first_start_at, u.last_start_at)", "u.last_start_at")
      ]
    case "pix_unpaid":
      // V3 called a charge that waits `created`.
      return [sql`not ${paid}`, charge("('pending', 'unknown', 'expired', 'canceled', 'created')", "p.created_at")]
    case "paid":
      return since === undefined && until === undefined
        ? [sql`${paid}`]
        : [sql`${paid}`, charge("('paid', 'refunded', 'charged_back')", "coalesce(p.paid_at, p.updated_at)")]
  }
}

const utmColumns = ["source", "medium", "campaign", "content", "term"] as const

/** By the click that brought them: the first one or the latest. */
const utmOf = (sql: SqlClient.SqlClient, utm: NonNullable<ShotFilters["utm"]>) => {
  const wanted = utmColumns.flatMap((name) =>
    utm[name] === undefined || utm[name] === "" ? [] : [sql`${sql(`s.utm_${name}`)} = ${utm[name]}`]
  )
  return wanted.length === 0
    ? []
    : [
        sql`exists (select from tracking_sessions s where s.id in (u.session_id, u.first_session_id) and ${sql.and(wanted)})`
      ]
}
