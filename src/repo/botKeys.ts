import type { SqlClient } from "effect/sql"

/** Which bots a batched query reads; without them, all. */
export interface BotKeys {
  readonly ids: ReadonlyArray<number>
  readonly slugs: ReadonlyArray<string>
}

/** The condition on a row `b` of `bots`: wanted, not deleted, and with an address (V2 allowed none). */
export const wanted = (sql: SqlClient.SqlClient, keys: BotKeys | undefined) =>
  keys === undefined
    ? sql`b.deleted_at is null and b.slug is not null`
    : sql`b.deleted_at is null and b.slug is not null
        and (b.id = any(${keys.ids}::bigint[]) or b.slug = any(${keys.slugs}::text[]))`
