import { Effect, Schedule } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

interface Month {
  /** `2026_01`: part of the names of the partition and of its unique index. */
  readonly name: string
  readonly from: string
  readonly to: string
}

/** Any number; it only must be the same on every node. */
const lockKey = 7_105_003

/**
 * Gives `funnel_events` a partition for this UTC month and the next ones, and for every month that has rows in the
 * default partition; those rows move. Answers the partitions it made. Several nodes may do it at once.
 */
export const ensurePartitions = Effect.fn("Partitions.ensure")(function* (
  monthsAhead = 3
): Effect.fn.Return<ReadonlyArray<string>, SqlError.SqlError, SqlClient.SqlClient> {
  const sql = yield* SqlClient.SqlClient
  const [table] = yield* sql<{ readonly fallback: string | null }>`
    select d.relname as "fallback"
    from pg_class t
      left join pg_partitioned_table p on p.partrelid = t.oid
      left join pg_class d on d.oid = p.partdefid
    where t.oid = 'funnel_events'::regclass and t.relkind = 'p'`
  // An older state of V2 has a plain table: nothing to divide.
  if (table === undefined) return []
  const fallback = table.fallback ?? undefined
  const made: Array<string> = []
  for (const month of yield* sql.withTransaction(missingMonths(sql, monthsAhead, fallback))) {
    const partition = yield* makePartition(sql, month, fallback)
    if (partition !== undefined) made.push(partition)
  }
  if (made.length > 0) yield* Effect.logInfo(`[BANCO] Partições criadas para os eventos do funil: ${made.join(", ")}`)
  return made
})

/** Months that are wanted and overlap no partition. A row whose clock was mad stays in the default one. */
const missingMonths = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, monthsAhead: number, fallback?: string) {
  // A default partition that grew for a year takes long to look through, once.
  yield* sql`set local statement_timeout = 0`
  const ofStrayRows =
    fallback === undefined
      ? sql``
      : sql`union select date_trunc('month', occurred_at at time zone 'UTC') from ${sql(fallback)}
          where occurred_at >= '2015-01-01' and occurred_at < now() + interval '2 years'`
  return yield* sql<Month>`
    with bounds as (
      select pg_get_expr(c.relpartbound, c.oid) as bound
      from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'funnel_events'::regclass
    ), taken as (
      select coalesce(substring(bound from 'FROM \\(''([^'']+)''\\)')::timestamptz, '-infinity') as lower,
        coalesce(substring(bound from 'TO \\(''([^'']+)''\\)')::timestamptz, 'infinity') as upper
      from bounds where bound <> 'DEFAULT'
    ), wanted as (
      select date_trunc('month', now() at time zone 'UTC') + make_interval(months => n) as month
      from generate_series(0, ${monthsAhead}::int) n
      ${ofStrayRows}
    )
    select to_char(month, 'YYYY_MM') as "name", to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00' as "from",
      to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00' as "to"
    from wanted
    where not exists (select from taken
      where lower < (month + interval '1 month') at time zone 'UTC' and upper > month at time zone 'UTC')
    order by month`
})

/**
 * An insert that waits for the default partition, having been sent there already, fails when it finds the month gone
 * elsewhere; so everybody is kept out at the parent instead, where the way is chosen afterwards. That stops the funnel,
 * hence the short wait for the lock, tried again: a long query in front of us must not hold up the buyers behind us.
 */
const makePartition = (sql: SqlClient.SqlClient, month: Month, fallback?: string) =>
  Effect.retry(sql.withTransaction(makeUnderLock(sql, month, fallback)), whileBusy)

const whileBusy = {
  while: ({ reason }: SqlError.SqlError) => reason._tag === "LockTimeoutError" || reason._tag === "DeadlockError",
  times: 60,
  schedule: Schedule.spaced("500 millis")
}

const makeUnderLock = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, month: Month, fallback?: string) {
  const partition = `funnel_events_${month.name}`
  yield* sql`set local statement_timeout = 0`
  yield* sql`select pg_advisory_xact_lock(${lockKey}::bigint)`
  const [exists] = yield* sql`select 1 from pg_class where oid = to_regclass(${partition})`
  if (exists !== undefined) return yield* skipExisting(sql, partition)
  yield* sql`set local lock_timeout = '500ms'`
  yield* sql`lock table only funnel_events in access exclusive mode`
  if (fallback !== undefined && (yield* hasRepeatedIds(sql, month, fallback))) {
    yield* Effect.logWarning(
      `[BANCO] Os eventos de ${month.name} ficam na partição padrão, porque há identificadores repetidos entre eles`
    )
    return undefined
  }
  yield* sql`create table ${sql(partition)} (like funnel_events including defaults including constraints)`
  yield* sql`create unique index ${sql(`ux_fe_event_id_${month.name}`)} on ${sql(partition)} (event_id)`
  if (fallback !== undefined) yield* moveRows(sql, month, fallback, partition)
  yield* sql.unsafe(
    `alter table funnel_events attach partition "${partition}" for values from ('${month.from}') to ('${month.to}')`
  )
  return partition
})

/** Another node was faster, or a detached table has the name; the month's rows then stay where they are. */
const skipExisting = Effect.fnUntraced(function* (sql: SqlClient.SqlClient, partition: string) {
  const [attached] = yield* sql`
    select 1 from pg_inherits where inhparent = 'funnel_events'::regclass and inhrelid = to_regclass(${partition})`
  if (attached === undefined) {
    yield* Effect.logWarning(
      `[BANCO] A tabela ${partition} já existe mas não é uma partição; os eventos desse mês ficam na partição padrão`
    )
  }
  return undefined
})

const inMonth = (sql: SqlClient.SqlClient, month: Month) =>
  sql`occurred_at >= ${month.from}::timestamptz and occurred_at < ${month.to}::timestamptz`

/** Only in a default partition without the unique index that V2 and we give it. */
const hasRepeatedIds = (sql: SqlClient.SqlClient, month: Month, fallback: string) =>
  Effect.map(
    sql`select 1 from ${sql(fallback)} where ${inMonth(sql, month)} and event_id is not null
      group by event_id having count(*) > 1 limit 1`,
    (rows) => rows.length > 0
  )

/** By column names: the same columns may stand in another order in each of the tables. */
const moveRows = Effect.fnUntraced(function* (
  sql: SqlClient.SqlClient,
  month: Month,
  fallback: string,
  partition: string
) {
  const rows = yield* sql<{ readonly name: string }>`
    select attname as "name" from pg_attribute
    where attrelid = 'funnel_events'::regclass and attnum > 0 and not attisdropped order by attnum`
  const columns = sql.csv(rows.map((row) => sql`${sql(row.name)}`))
  yield* sql`
    with moved as (delete from ${sql(fallback)} where ${inMonth(sql, month)} returning ${columns})
    insert into ${sql(partition)} (${columns}) select ${columns} from moved`
})

/**
 * Takes months that are older than `funnel_settings.kept_months` out of the table, one by one; their rows stay in the
 * database under the same name, and the numbers counted from them stay too. Answers the tables it detached.
 */
export const detachOldPartitions: Effect.Effect<
  ReadonlyArray<string>,
  SqlError.SqlError,
  SqlClient.SqlClient
> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const old = yield* sql<{ readonly partition: string }>`
      select c.relname as partition
      from funnel_settings s, metrics_state m, pg_inherits i join pg_class c on c.oid = i.inhrelid
      where s.name = 'kept_months' and s.value is not null and i.inhparent = 'funnel_events'::regclass
        and c.relname ~ '^funnel_events_\\d{4}_\\d{2}$' and c.relispartition
        and (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC'
          <= least(date_trunc('month', now(), 'UTC') - make_interval(months => s.value), m.rolled_to)
        and not exists (select from metrics_late)
      order by 1`
  yield* Effect.forEach(old, ({ partition }) => Effect.retry(sql.withTransaction(detach(sql, partition)), whileBusy))
  if (old.length > 0) {
    const names = old.map(({ partition }) => partition).join(", ")
    yield* Effect.logInfo(`[BANCO] Meses antigos separados dos eventos do funil, sem apagar nada: ${names}`)
  }
  return old.map(({ partition }) => partition)
}).pipe(Effect.withSpan("Partitions.detachOld"))

const detach = (sql: SqlClient.SqlClient, partition: string) =>
  Effect.gen(function* () {
    yield* sql`set local lock_timeout = '500ms'`
    yield* sql`alter table funnel_events detach partition ${sql(partition)}`
  })
