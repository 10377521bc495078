import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as Log from "../log/Log.ts"
import { firstOf } from "./decode.ts"
import { countedSources } from "./eventSources.ts"
import { clear, quarterOf, sumUpAll, visitLagSeconds, writeQuarters, writtenMonths } from "./metrics/cells.ts"
import type { Windows } from "./metrics/facts.ts"

/**
 * Cells end this long before now. An event older than two minutes leaves a note when it is written (migration 0026), so
 * what a transaction of up to three minutes still holds back can be missed by nobody.
 */
const lagSeconds = 300
/** With more to look at, all of it at once is faster. */
const manyQuarters = 6_000
const manyNotes = 20_000
/** Any number; it only must be the same on every node. */
const lockKey = 7_105_026

const State = Schema.Struct({
  rolledTo: Schema.NullOr(Schema.Date),
  /** The windows the cells were counted by; before there are cells, those of the settings. */
  windows: Schema.String,
  /** Notes of late changes wait, or the windows are others now. */
  stale: Schema.Boolean
})

export interface RollupState {
  readonly rolledTo: Date | undefined
  readonly windows: Windows
  readonly stale: boolean
}

/** Those of migration 0026, should a row of funnel_settings be gone. */
export const defaultWindows: Windows = {
  to_bot_click_seconds: 86_400,
  pix_created_seconds: 2_592_000,
  pix_paid_seconds: 604_800,
  settled_seconds: 604_800
}

const counted = "metrics_cells, metrics_times, metrics_returns, metrics_marks"

type Sql<A> = Effect.Effect<A, SqlError.SqlError>

/** The funnel's cells: how far they reach, and bringing them up to the rows. */
export class RollupsRepo extends Context.Service<
  RollupsRepo,
  {
    readonly state: Sql<RollupState>
    /**
     * Recomputes what changed; answers how many quarters of an hour that were, `Infinity` when all. Only one process at
     * a time works, the others wait.
     */
    readonly refresh: Sql<number>
    /** Recomputes everything from the events. */
    readonly rebuild: Sql<void>
  }
>()("funil/repo/RollupsRepo") {
  static readonly layer = Layer.effect(
    RollupsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const wanted = sql`(select jsonb_object_agg(name, value) from funnel_settings where name <> 'kept_months')::text`
      const decode = firstOf(State)
      const state = Effect.gen(function* () {
        const found = yield* decode(sql`
          select rolled_to as "rolledTo", coalesce(windows, ${wanted}) as windows,
            exists (select from metrics_late) or windows is distinct from ${wanted} as stale
          from metrics_state`)
        const row = found._tag === "Some" ? found.value : { rolledTo: null, windows: "{}", stale: true }
        const windows: Windows = { ...defaultWindows, ...(JSON.parse(row.windows) as Partial<Windows>) }
        return { rolledTo: row.rolledTo ?? undefined, windows, stale: row.stale }
      }).pipe(Effect.withTracerEnabled(false))

      const alone = Effect.gen(function* () {
        yield* sql`set local statement_timeout = 0`
        yield* sql`set local work_mem = '64MB'`
        yield* sql`set local jit = off`
        yield* sql`select pg_advisory_xact_lock(${lockKey}::bigint)`
      })

      /** Inside the transaction. */
      const everything = Effect.gen(function* () {
        yield* sql`set local work_mem = '128MB'`
        const until = yield* untilNow
        yield* sql`delete from metrics_late`
        yield* sql`delete from metrics_cells`
        yield* sql`delete from metrics_times`
        yield* sql`delete from metrics_returns`
        yield* sql`update metrics_state set rolled_to = ${until.toISOString()}::timestamptz, windows = ${wanted}`
        const { windows } = yield* state
        yield* writeQuarters(sql, { sources: yield* countedSources(sql), windows, until })
        yield* sumUpAll(sql, yield* writtenMonths(sql))
        // Questions come at once, and without it they are answered by reading whole tables.
        yield* sql`analyze ${sql.literal(counted)}`
      })

      /** What was written anew is slow to read until it was vacuumed (docs/metrics.md); autovacuum comes a minute later. */
      const tidied = Effect.gen(function* () {
        const connection = yield* sql.reserve
        const execute = (statement: string) => connection.executeUnprepared(statement, [], undefined)
        yield* execute("set statement_timeout = 0")
        yield* Effect.ensuring(
          execute(`vacuum (analyze) ${counted}`),
          Effect.ignore(execute("reset statement_timeout"))
        )
      }).pipe(
        Effect.scoped,
        Effect.catch((error) =>
          Log.recovered("As tabelas da contagem do funil ficam mais lentas por um minuto", error)
        ),
        Effect.withSpan("RollupsRepo.tidied")
      )

      const untilNow = Effect.map(
        sql<{ readonly until: Date }>`
          select date_trunc('second', clock_timestamp()) - make_interval(secs => ${lagSeconds}) as until`,
        (rows) => rows[0]?.until ?? new Date(0)
      )

      const quarters = Effect.fnUntraced(function* (rolledTo: Date, until: Date) {
        const sources = yield* countedSources(sql)
        const theirs = sources
          .map(
            (source) => sql`
              select e.occurred_at from noted n join lateral (${source}) e on e.session_id = n.session_id
              union all
              select e.occurred_at from noted n join lateral (${source}) e on e.telegram_id = n.person
              union all
              select e.occurred_at from noted n join lateral (${source}) e
                on e.tg_id = n.person and e.telegram_id is null`
          )
          .reduce((a, b) => sql`${a} union all ${b}`)
        const rows = yield* sql<{ readonly quarter: Date }>`
          with gone as (delete from metrics_late returning at, session_id, person),
          noted as materialized (select distinct session_id, person from gone)
          select distinct ${sql.literal(quarterOf("at"))} as quarter from (
            select at from gone
            union all ${theirs}
            union all
            select generate_series(
              ${rolledTo.toISOString()}::timestamptz - make_interval(secs => ${visitLagSeconds + 60}),
              ${until.toISOString()}::timestamptz + interval '15 minutes', interval '15 minutes')) x (at)
          where ${sql.literal(quarterOf("at"))} < ${until.toISOString()}::timestamptz`.unprepared
        return rows.map((row) => row.quarter)
      })

      const refresh = sql
        .withTransaction(
          Effect.gen(function* () {
            yield* alone
            const { rolledTo, stale } = yield* state
            const [notes] = yield* sql<{ readonly n: number; readonly whole: boolean; readonly other: boolean }>`
              select count(*) as n, coalesce(bool_or(at is null), false) as whole,
                (select windows is distinct from ${wanted} from metrics_state) as other
              from metrics_late`
            const until = yield* untilNow
            if (!stale && rolledTo !== undefined && until <= rolledTo) return 0
            if (rolledTo === undefined || notes === undefined || notes.whole || notes.other || notes.n > manyNotes) {
              yield* everything
              return Infinity
            }
            const touched = yield* quarters(rolledTo, until)
            if (touched.length > manyQuarters) {
              yield* everything
              return Infinity
            }
            const buckets = yield* clear(sql, touched)
            const { windows } = yield* state
            yield* writeQuarters(sql, { sources: yield* countedSources(sql), windows, until, quarters: touched })
            yield* sumUpAll(sql, buckets)
            yield* sql`update metrics_state set rolled_to = ${until.toISOString()}::timestamptz`
            return touched.length
          })
        )
        .pipe(
          Effect.tap((recomputed) => (recomputed === Infinity ? tidied : Effect.void)),
          Effect.withSpan("RollupsRepo.refresh")
        )

      const rebuild = Effect.andThen(alone, everything).pipe(
        sql.withTransaction,
        Effect.andThen(tidied),
        Effect.withSpan("RollupsRepo.rebuild")
      )

      return RollupsRepo.of({ state, refresh, rebuild })
    })
  )
}
