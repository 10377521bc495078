import { Effect } from "effect"
import type { SqlClient } from "effect/sql"

/** The right to ask the gateway for this refund, for a minute; false: it is being asked for, or not paid any more. */
export const claimRefund = (sql: SqlClient.SqlClient) => (paymentId: number) =>
  Effect.map(
    sql`
      update payments p set refund_requested_at = now()
      where p.id = ${paymentId} and (p.refund_requested_at is null or p.refund_requested_at < now() - interval '1 minute')
      returning p.id`,
    (rows) => rows.length > 0
  )

/** Certainly nothing was given back: it may be asked for again at once. */
export const releaseRefund = (sql: SqlClient.SqlClient) => (paymentId: number) =>
  Effect.asVoid(sql`update payments p set refund_requested_at = null where p.id = ${paymentId}`)
