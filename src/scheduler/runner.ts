import { Cause, Effect, Exit, FiberSet, type Latch } from "effect"
import * as Log from "../log/Log.ts"
import type { JobLease } from "../repo/JobsRepo.ts"
import type { Entry } from "./Entry.ts"

/** Begins a job in a fiber of its own, with its span; what comes of it is told to the entry and, when it fails, to people. */
export const makeRunner = Effect.fnUntraced(function* (now: () => number, nudge: Latch.Latch) {
  const fork = yield* FiberSet.makeRuntime<never>()

  const report = Effect.fnUntraced(function* (
    entry: Entry,
    exit: Exit.Exit<number | void, unknown>,
    latencyMs: number
  ) {
    const { job } = entry
    const fields = { job: job.name, latency_ms: Math.round(latencyMs) }
    if (Exit.isSuccess(exit)) {
      if (entry.failures > 0) yield* Log.info(`[TAREFA] A tarefa "${job.title}" voltou a funcionar`, fields)
      return yield* Effect.logDebug(`[TAREFA] A tarefa "${job.title}" terminou`, fields)
    }
    if (Cause.hasInterruptsOnly(exit.cause) || entry.failures > 0) return
    yield* Log.warn(
      `[AVISO] A tarefa "${job.title}" falhou e será tentada de novo: ${Log.detailOf(exit.cause)}`,
      fields
    )
  })

  const over = Effect.fnUntraced(function* (entry: Entry, exit: Exit.Exit<number | void, unknown>, tookMs: number) {
    yield* report(entry, exit, tookMs)
    entry.finishedAt = new Date()
    entry.error = Exit.isSuccess(exit) ? undefined : Log.detailOf(exit.cause)
    if (Exit.isSuccess(exit)) entry.succeeded(now(), exit.value)
    else entry.failed(now())
    nudge.openUnsafe()
  })

  const run = (entry: Entry, lease: JobLease) => {
    const beganAt = now()
    const work = entry.job.run(lease).pipe(Effect.withSpan(`Scheduler.${entry.job.name}`))
    const traced = entry.job.traced === false ? Effect.withTracerEnabled(work, false) : work
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.exit(restore(traced)), (exit) => over(entry, exit, now() - beganAt))
    )
  }

  return (entry: Entry, lease: JobLease) =>
    Effect.sync(() => {
      entry.begin(now(), lease)
      entry.fiber = fork(run(entry, lease))
    })
})
