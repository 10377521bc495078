import { Context, Effect, Layer, Schema } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import * as Log from "../log/Log.ts"
import { firstOf } from "./decode.ts"
import { countedSources } from "./eventSources.ts"
import { clear, sumUpAll, writeQuarters, writtenMonths } from "./metrics/cells.ts"
import type { Windows } from "./metrics/facts.ts"
import { quartersOf, takeNotes, unheard } from "./metrics/late.ts"
import { advanceRecent, dropBefore, dropRecent, fewEvents, floorTen, keepOpenVisits } from "./metrics/recent.ts"

/**
 * Quarters end this long before now. An event older than two seconds leaves a note when it is written (migration 0048), so
 * what a transaction of up to five minutes still holds back can be missed by nobody.
 */
const lagSeconds = 300
/** With more to look at, all of it at once is faster. */
const manyQuarters = 6_000
const manyNotes = 20_000
/** But not with fewer than this part of the events, which would be counted for nothing. */
const manyOfAll = 0.05
/** Any number; it only must be the same on every node. */
const lockKey = 7_105_026

const State = Schema.Struct({
  rolledTo: Schema.NullOr(Schema.Date),
  recentTo: Schema.NullOr(Schema.Date),
  visitsTo: Schema.NullOr(Schema.Date),
  /** The windows the cells were counted by; before there are cells, those of the settings. */
  windows: Schema.String,
  /** Notes of late changes wait, or the windows are others now. */
  stale: Schema.Boolean
})

export interface RollupState {
  readonly rolledTo: Date | undefined
  /** From there on the cells of ten seconds hold everything up to here; never before `rolledTo`. */
  readonly recentTo: Date | undefined
  /** Up to here the visits that may still go on are known. */
  readonly visitsTo: Date | undefined
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

const nothingCounted = { rolledTo: null, recentTo: null, visitsTo: null }

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
    /**
     * Counts what came in the last minutes up to a few seconds ago, where that is so many events that it pays. Answers
     * whether it was; false also while another process counts.
     */
    readonly advance: (least?: number) => Sql<boolean>
    /** Recomputes everything from the events. */
    readonly rebuild: Sql<void>
  }
>()("funil/repo/RollupsRepo") {
  static readonly layer: Layer.Layer<RollupsRepo, never, SqlClient.SqlClient> = RollupsRepo.layerWith(() => lagSeconds)

  static layerWith(lag: () => number) {
    return Layer.effect(
      RollupsRepo,
      Effect.suspend(() => make(lag))
    )
  }
}

const make = (lag: () => number) =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient

    const wanted = sql`(select jsonb_object_agg(name, value) from funnel_settings where name <> 'kept_months')::text`
    const decode = firstOf(State)
    const state = Effect.gen(function* () {
      const found = yield* decode(sql`
          select rolled_to as "rolledTo", coalesce(windows, ${wanted}) as windows,
            case when recent_to is not null then least(recent_to, l.at) end as "recentTo",
            case when visits_to is not null then least(visits_to, l.at) end as "visitsTo",
            exists (select from metrics_late where at is null)
              or exists (select from metrics_late where at < coalesce(rolled_to, 'infinity'))
              or windows is distinct from ${wanted} as stale
          from metrics_state,
            (select coalesce(date_bin('10 seconds', min(at), timestamptz '1970-01-01 00:00+00'), 'infinity') as at from metrics_late) l`)
      const row = found._tag === "Some" ? found.value : { ...nothingCounted, windows: "{}", stale: true }
      const windows: Windows = { ...defaultWindows, ...(JSON.parse(row.windows) as Partial<Windows>) }
      const reaches = row.rolledTo !== null && row.recentTo !== null && row.recentTo > row.rolledTo
      return {
        rolledTo: row.rolledTo ?? undefined,
        recentTo: reaches ? (row.recentTo ?? undefined) : undefined,
        visitsTo: row.visitsTo ?? undefined,
        windows,
        stale: row.stale
      }
    }).pipe(Effect.withTracerEnabled(false))

    const roomy = Effect.gen(function* () {
      yield* sql`set local statement_timeout = 0`
      yield* sql`set local work_mem = '64MB'`
      yield* sql`set local jit = off`
    })
    const alone = Effect.andThen(roomy, sql`select pg_advisory_xact_lock(${lockKey}::bigint)`)

    /** Inside the transaction. */
    const everything = Effect.gen(function* () {
      yield* sql`set local work_mem = '128MB'`
      const until = yield* untilNow
      yield* sql`delete from metrics_late`
      yield* sql`delete from metrics_cells`
      yield* sql`delete from metrics_times`
      yield* sql`delete from metrics_returns`
      yield* sql`delete from metrics_visits`
      yield* sql`
          update metrics_state set rolled_to = ${until.toISOString()}::timestamptz, recent_to = null, visits_to = null,
            windows = ${wanted}`
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
      yield* Effect.ensuring(execute(`vacuum (analyze) ${counted}`), Effect.ignore(execute("reset statement_timeout")))
    }).pipe(
      Effect.scoped,
      Effect.catch((error) => Log.recovered("As tabelas da contagem do funil ficam mais lentas por um minuto", error)),
      Effect.withSpan("RollupsRepo.tidied")
    )

    const untilNow = Effect.suspend(() =>
      Effect.map(
        sql<{ readonly until: Date }>`
          select date_bin('10 seconds', clock_timestamp(), timestamptz '1970-01-01 00:00+00')
            - make_interval(secs => ${lag()}) as until`,
        (rows) => rows[0]?.until ?? new Date(0)
      )
    )

    /** How far the cells of ten seconds still hold, when quarters reach to `until` and something came late. */
    const keptRecent = Effect.fnUntraced(function* (until: Date, late: Date | null) {
      const [row] = yield* sql<{ readonly recentTo: Date | null }>`select recent_to as "recentTo" from metrics_state`
      const recentTo = row?.recentTo ?? undefined
      yield* dropBefore(sql, until)
      if (recentTo === undefined) return undefined
      const kept = late === null ? recentTo : new Date(Math.min(+recentTo, +floorTen(late)))
      // What came late before them may have changed what each of its people did since.
      const holds = kept > until && (late === null || late >= until)
      if (!holds || kept < recentTo) yield* dropRecent(sql, holds ? kept : until)
      return holds ? kept : undefined
    })

    const refresh = sql
      .withTransaction(
        Effect.gen(function* () {
          yield* alone
          const { rolledTo, stale } = yield* state
          const [notes] = yield* sql<{
            readonly n: number
            readonly events: number
            readonly whole: boolean
            readonly other: boolean
          }>`
              select count(*) filter (where at < (select rolled_to + ${sql.literal(unheard)} from metrics_state)) as n,
                coalesce(bool_or(at is null), false) as whole,
                (select coalesce(sum(greatest(c.reltuples, 0)), 0)::float8 from pg_inherits i
                  join pg_class c on c.oid = i.inhrelid where i.inhparent = 'funnel_events'::regclass) as events,
                (select windows is distinct from ${wanted} from metrics_state) as other
              from metrics_late`
          const until = yield* untilNow
          if (!stale && rolledTo !== undefined && until <= rolledTo) return 0
          const many = (n: number, events: number) => n > manyNotes && n > events * manyOfAll
          if (
            rolledTo === undefined ||
            notes === undefined ||
            notes.whole ||
            notes.other ||
            many(notes.n, notes.events)
          ) {
            yield* everything
            return Infinity
          }
          const sources = yield* countedSources(sql)
          const late = yield* takeNotes(sql, rolledTo, undefined)
          const touched = yield* quartersOf(sql, { late, rolledTo, sources, until })
          if (touched.length > manyQuarters) {
            yield* everything
            return Infinity
          }
          const buckets = yield* clear(sql, touched)
          const { windows } = yield* state
          const recentTo = yield* keptRecent(until, late.at)
          yield* writeQuarters(sql, { sources, windows, until, returnsUntil: recentTo, quarters: touched })
          // Before the sums: those of single marks ask how far the quarters reach.
          yield* sql`
            update metrics_state set rolled_to = ${until.toISOString()}::timestamptz,
              recent_to = ${recentTo?.toISOString() ?? null}::timestamptz`
          yield* sumUpAll(sql, buckets)
          yield* keepOpenVisits(sql, sources, until, late)
          return touched.length
        })
      )
      .pipe(
        Effect.tap((recomputed) => (recomputed === Infinity ? tidied : Effect.void)),
        Effect.withSpan("RollupsRepo.refresh")
      )

    const advance = Effect.fn("RollupsRepo.advance")(function* (least = fewEvents) {
      const [row] = yield* sql<{ readonly free: boolean }>`
          select pg_try_advisory_xact_lock(${lockKey}::bigint) as free`
      if (row?.free !== true) return false
      yield* roomy
      const { windows } = yield* state
      return yield* advanceRecent(sql, { sources: yield* countedSources(sql), windows, least })
    }, sql.withTransaction)

    const rebuild = Effect.andThen(alone, everything).pipe(
      sql.withTransaction,
      Effect.andThen(tidied),
      Effect.withSpan("RollupsRepo.rebuild")
    )

    return RollupsRepo.of({ state, refresh, advance, rebuild })
  })
