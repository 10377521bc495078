import { Effect } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

export interface Diagnosis {
  readonly version: string
  /** How far the database's clock is from this machine's. */
  readonly skewSeconds: number
  readonly migrations: ReadonlyMap<number, string>
  /** Of this UTC month and the next two: those whose events have no partition of their own. */
  readonly monthsMissing: ReadonlyArray<string>
  readonly deadUpdates: number
  readonly failedDeliveries: number
}

/** What `doctor` asks of the database, without changing it: it may be one nobody has migrated yet. */
export const diagnose: Effect.Effect<Diagnosis, SqlError.SqlError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const [server] = yield* sql<{ readonly version: string; readonly seconds: number }>`
    select current_setting('server_version') as version, extract(epoch from clock_timestamp())::float8 as seconds`
  const skewSeconds = Math.abs((server?.seconds ?? 0) - Date.now() / 1000)
  const migrations = (yield* exists(sql, "funil_migrations"))
    ? yield* sql<{ readonly id: number; readonly checksum: string }>`select id, checksum from funil_migrations`
    : []
  const months = (yield* exists(sql, "funnel_events")) ? yield* missingMonths(sql) : []
  const [dead] = (yield* exists(sql, "telegram_updates"))
    ? yield* sql<{ readonly count: number }>`select count(*)::int as count from telegram_updates where state = 2`
    : []
  const [failed] = (yield* exists(sql, "outbox"))
    ? yield* sql<{ readonly count: number }>`select count(*)::int as count from outbox where status = 'failed'`
    : []
  return {
    version: server?.version ?? "?",
    skewSeconds,
    migrations: new Map(migrations.map(({ id, checksum }) => [id, checksum])),
    monthsMissing: months.map(({ month }) => month),
    deadUpdates: dead?.count ?? 0,
    failedDeliveries: failed?.count ?? 0
  }
})

const exists = (sql: SqlClient.SqlClient, table: string) =>
  Effect.map(
    sql<{ readonly there: boolean }>`select to_regclass(${table}) is not null as there`,
    ([row]) => row?.there === true
  )

const missingMonths = (sql: SqlClient.SqlClient) => sql<{ readonly month: string }>`
  select to_char(month, 'YYYY-MM') as month
  from (select date_trunc('month', now() at time zone 'UTC') + make_interval(months => n) as month
    from generate_series(0, 2) n) wanted
  where exists (select from pg_partitioned_table where partrelid = to_regclass('funnel_events'))
    and to_regclass('funnel_events_' || to_char(month, 'YYYY_MM')) is null
  order by month`
