import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql"
import { rowsOf } from "../decode.ts"

/** A code that is shown again and again leaves this many messages that can still be rewritten. */
const keptMessages = 10

const decode = rowsOf(Schema.Struct({ id: Schema.Int }))

/** The buyer has a message with this code, which will have to say when it expires or is paid. */
export const keepPixMessage = (sql: SqlClient.SqlClient) => (paymentId: number, chatId: number, messageId: number) =>
  Effect.asVoid(sql`
      update payments p set chat_id = ${chatId}, pix_message_id = ${messageId},
        pix_message_ids = (array_append(p.pix_message_ids, ${messageId}::bigint))[
          greatest(1, coalesce(cardinality(p.pix_message_ids), 0) + 2 - ${keptMessages}::int):]
      where p.id = ${paymentId}`)

/** Newest first. */
export const pixMessages = (sql: SqlClient.SqlClient) => (paymentId: number) =>
  Effect.map(
    decode(sql`
      select m.id from payments p cross join lateral unnest(p.pix_message_ids) with ordinality m (id, place)
      where p.id = ${paymentId} order by m.place desc`),
    (rows) => rows.map(({ id }) => id)
  )
