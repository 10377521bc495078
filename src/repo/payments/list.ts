import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { PaymentView } from "../../domain/payment.ts"
import { limitOf, type ListQuery, type Page, pageOf } from "../cursor.ts"
import { firstOf, rowsOf } from "../decode.ts"
import { isoOf, listConditions, microsOf } from "../listing.ts"
import { statusOf } from "./row.ts"

const decode = rowsOf(Schema.Struct({ ...PaymentView.fields, cursor_at: Schema.String }))

export const viewOf = (sql: SqlClient.SqlClient) => sql`
  select p.id, coalesce(p.bot_slug, b.slug) as bot, coalesce(p.telegram_id, u.telegram_id) as telegram_id,
    p.plan_id, coalesce(p.plan_name, p.meta->>'planName') as plan_name, lower(coalesce(p.gateway, p.provider))
    as gateway, lower(coalesce(p.gateway_charge_id, p.external_id)) as gateway_charge_id,
    coalesce(p.value_cents, p.amount_cents) as value_cents, p.fee_cents, p.net_cents, ${statusOf(sql)} as status,
    p.end_to_end_id, p.payer_name, p.error as problem,
    coalesce(p.source, p.source_kind) as source, ${isoOf(sql, "p.created_at")} as created_at,
    ${isoOf(sql, "p.paid_at")} as paid_at, ${isoOf(sql, "p.refunded_at")} as refunded_at,
    ${microsOf(sql, "p.created_at")} as cursor_at
  from payments p
    left join bots b on b.id = p.bot_id
    left join bot_users u on u.id = p.bot_user_id`

const decodeOne = firstOf(PaymentView)

export const view = (sql: SqlClient.SqlClient) => (paymentId: number) =>
  decodeOne(sql`${viewOf(sql)} where p.id = ${paymentId}`)

/** Newest first, of all systems that ever wrote payments here. */
export const list = (sql: SqlClient.SqlClient) =>
  Effect.fn("PaymentsRepo.list")(function* (query: ListQuery) {
    const limit = limitOf(query)
    const rows = yield* decode(sql`
      ${viewOf(sql)}
      where ${sql.and([
        ...listConditions(sql, query, "p"),
        ...(query.status === undefined ? [] : [sql`${statusOf(sql)} = ${query.status}`]),
        ...(query.telegramId === undefined
          ? []
          : [
              // Each half by an index of its own; joined by "or" they are every payment there is.
              sql`p.id in (
                select f.id from payments f where f.telegram_id = ${query.telegramId}
                union all
                select f.id from payments f join bot_users o on o.id = f.bot_user_id
                where f.telegram_id is null and o.telegram_id = ${query.telegramId})`
            ])
      ])}
      order by p.created_at desc, p.id desc limit ${limit + 1}`)
    const page: Page<PaymentView> = pageOf(rows, limit)
    return page
  })
