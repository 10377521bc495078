import { Clock, Context, Duration, Effect, Latch, Layer, Queue } from "effect"
import { type Change, Changes } from "../db/Changes.ts"
import type { JobLease } from "../repo/JobsRepo.ts"
import { surviving } from "../repo/surviving.ts"
import { Entry } from "./Entry.ts"
import { makeOwnership } from "./ownership.ts"
import { makeRunner } from "./runner.ts"

interface Common {
  /** In English, for spans and the table. */
  readonly name: string
  /** In Portuguese, for the log: what the job does. */
  readonly title: string
  /** It runs at least this often. */
  readonly every: Duration.Input
  /** Tables whose changes make it run at once, or when the change says that something will be due. */
  readonly tables?: ReadonlyArray<string>
  /** Opens when there is something to do; whoever hears it closes it. */
  readonly signal?: Latch.Latch
  /** False: no span, for a job that runs all the time. */
  readonly traced?: boolean
}

/** In how many milliseconds there is something to do again, when the job knows; never later than its period. */
export type Next = number | void

/** `each`: every process runs it, on work of its own. `one`: one process at a time, which can prove it by its lease. */
export type Job<R = never> = Common &
  (
    | { readonly owner: "each"; readonly run: Effect.Effect<Next, unknown, R> }
    | { readonly owner: "one"; readonly run: (lease: JobLease) => Effect.Effect<Next, unknown, R> }
  )

/**
 * The one fiber that begins the named jobs of the service, each at its period, when it said that something will be due,
 * or when a change in the database calls it. A job never overlaps itself and its failure never ends it. Nothing is
 * polled: between two due times this sleeps.
 */
export class Scheduler extends Context.Service<
  Scheduler,
  {
    /** Its first run begins at once. */
    readonly add: <R>(job: Job<R>) => Effect.Effect<void, never, R>
    /** Runs it now, if this process may, or once more when it is running. */
    readonly wake: (name: string) => Effect.Effect<void>
  }
>()("funil/scheduler/Scheduler") {
  static readonly layer = Layer.effect(
    Scheduler,
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const changes = yield* Changes
      const clock = yield* Clock.Clock
      const entries = new Map<string, Entry>()
      const nudge = Latch.makeUnsafe(false)
      const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

      const ownership = yield* makeOwnership(entries, now, nudge)
      const begin = yield* makeRunner(now, nudge)

      const turn = Effect.gen(function* () {
        nudge.closeUnsafe()
        let sleepMs = Infinity
        for (const entry of entries.values()) {
          const lease = ownership.of(entry)
          if (entry.running || lease === undefined) continue
          const waitMs = entry.dueAt - now()
          if (waitMs <= 0) yield* begin(entry, lease)
          else sleepMs = Math.min(sleepMs, waitMs)
        }
        yield* sleepMs === Infinity ? nudge.await : Effect.timeoutOption(nudge.await, Math.ceil(sleepMs))
      }).pipe(Effect.withTracerEnabled(false))

      const hear = (change: Change) => {
        for (const entry of entries.values()) {
          if (!entry.hears(change)) continue
          entry.call(now(), change._tag === "Row" ? (change.dueInMs ?? 0) : 0)
          nudge.openUnsafe()
        }
      }

      const told = yield* changes.subscribe
      yield* Effect.forkScoped(surviving("O agendador de tarefas")(turn))
      yield* Effect.forkScoped(surviving("A escuta do agendador")(Effect.map(Queue.take(told), hear)))

      const wake = (name: string) =>
        Effect.sync(() => {
          entries.get(name)?.call(now(), 0)
          nudge.openUnsafe()
        })

      const listen = (name: string, signal: Latch.Latch) =>
        Effect.gen(function* () {
          yield* signal.await
          signal.closeUnsafe()
          yield* wake(name)
        }).pipe(surviving("A escuta de uma tarefa"), Effect.forkIn(scope))

      return Scheduler.of({
        add: Effect.fnUntraced(function* <R>(job: Job<R>) {
          const context = yield* Effect.context<R>()
          const run = (lease: JobLease) => Effect.provide(job.owner === "one" ? job.run(lease) : job.run, context)
          entries.set(job.name, new Entry({ ...job, run, everyMs: Duration.toMillis(job.every), now: now() }))
          ownership.refresh()
          nudge.openUnsafe()
          if (job.signal !== undefined) yield* listen(job.name, job.signal)
        }),
        wake
      })
    })
  )
}
