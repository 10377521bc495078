import { Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { legacyWords, PaymentStatus } from "../../domain/payment.ts"

/** A payment, whoever wrote it: what the older systems left is read in today's words (facts/legacy-schema). */
export const Payment = Schema.Struct({
  id: Schema.Int,
  /** Written by this system; rows of the older ones lack most of the columns below. */
  ours: Schema.Boolean,
  transactionId: Schema.String,
  status: PaymentStatus,
  gateway: Schema.String,
  /** Lower case. */
  chargeId: Schema.NullOr(Schema.String),
  webhookKey: Schema.NullOr(Schema.String),
  valueCents: Schema.NullOr(Schema.Int),
  botId: Schema.NullOr(Schema.Int),
  botSlug: Schema.NullOr(Schema.String),
  telegramId: Schema.NullOr(Schema.Int),
  planId: Schema.NullOr(Schema.Int),
  planName: Schema.NullOr(Schema.String),
  /** Where the tapped button stood (domain/callback.ts); the older systems wrote other words here. */
  source: Schema.NullOr(Schema.String),
  pixCode: Schema.NullOr(Schema.String),
  requestId: Schema.NullOr(Schema.String),
  error: Schema.NullOr(Schema.String),
  createdAt: Schema.Date,
  expiresAt: Schema.NullOr(Schema.Date),
  paidAt: Schema.NullOr(Schema.Date)
})
export type Payment = typeof Payment.Type

/** Today's word for the status of row `p`, whichever system wrote it. A word nobody knows says nothing: `unknown`. */
export const statusOf = (sql: SqlClient.SqlClient) =>
  sql.literal(
    `case ${legacyWords.map(([word, status]) => `when lower(p.status) = '${word}' then '${status}'`).join(" ")} ` +
      `when lower(p.status) in (${PaymentStatus.literals.map((word) => `'${word}'`).join(", ")}) then lower(p.status) ` +
      "else 'unknown' end"
  )

/** The select list of `Payment` for a row `p`. */
export const columnsOf = (sql: SqlClient.SqlClient) => sql`
  p.id, p.bot_slug is not null as "ours", p.transaction_id as "transactionId", ${statusOf(sql)} as "status",
  lower(coalesce(p.gateway, p.provider)) as "gateway", lower(coalesce(p.gateway_charge_id, p.external_id)) as "chargeId",
  p.webhook_key as "webhookKey", coalesce(p.value_cents, p.amount_cents) as "valueCents", p.bot_id as "botId",
  coalesce(p.bot_slug, (select b.slug from bots b where b.id = p.bot_id)) as "botSlug",
  coalesce(p.telegram_id, (select u.telegram_id from bot_users u where u.id = p.bot_user_id)) as "telegramId",
  p.plan_id as "planId", coalesce(p.plan_name, p.meta->>'planName') as "planName",
  p.source, coalesce(p.pix_copy_paste, p.pix_qr_code) as "pixCode", p.request_id as "requestId", p.error,
  p.created_at as "createdAt", p.expires_at as "expiresAt", p.paid_at as "paidAt"`
