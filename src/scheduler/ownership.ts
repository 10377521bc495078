import { Effect, Latch } from "effect"
import { Node } from "../engine/Node.ts"
import { type JobLease, jobLeaseSeconds, JobsRepo } from "../repo/JobsRepo.ts"
import { surviving } from "../repo/surviving.ts"
import type { Entry } from "./Entry.ts"

const holdEvery = "2500 millis"
/** Our own clock stops earlier than the database's, however long its answer took. */
const validMs = jobLeaseSeconds * 1000 - 1_000
const releaseWithin = "2 seconds"

/** A job of each process needs no right of its own. */
const own: JobLease = { name: "", owner: "", epoch: 0 }

/** Which of the jobs that one process at a time may run are this process's. */
export const makeOwnership = Effect.fnUntraced(function* (
  entries: ReadonlyMap<string, Entry>,
  now: () => number,
  nudge: Latch.Latch
) {
  const node = yield* Node
  const repo = yield* JobsRepo
  const again = Latch.makeUnsafe(false)
  let leases: ReadonlyMap<string, JobLease> = new Map()
  let validUntil = Number.NEGATIVE_INFINITY

  const hold = Effect.gen(function* () {
    yield* node.certainty
    again.closeUnsafe()
    const jobs = [...entries.values()].filter(({ job }) => job.owner === "one")
    if (jobs.length > 0) {
      const began = now()
      const held = yield* repo.hold(
        node.id(),
        jobs.map(({ error, finishedAt, job }) => ({ name: job.name, finishedAt, error }))
      )
      leases = new Map(held.map((lease) => [lease.name, lease]))
      validUntil = began + validMs
      for (const entry of entries.values()) {
        const { lease, job, running } = entry
        if (running && job.owner === "one" && leases.get(job.name)?.epoch !== lease?.epoch) entry.lost()
      }
      nudge.openUnsafe()
    }
    yield* jobs.length > 0 ? Effect.timeoutOption(again.await, holdEvery) : again.await
  }).pipe(Effect.withTracerEnabled(false))

  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => (leases.size === 0 ? Effect.void : repo.release(node.id()))).pipe(
      Effect.interruptible,
      Effect.timeoutOption(releaseWithin),
      Effect.ignore
    )
  )
  yield* Effect.forkScoped(surviving("A divisão das tarefas entre os processos")(hold))

  return {
    /** Undefined: somebody else's, or not certain any more. */
    of: ({ job }: Entry): JobLease | undefined => {
      if (job.owner === "each") return own
      return now() < validUntil ? leases.get(job.name) : undefined
    },
    /** There are new jobs. */
    refresh: () => again.openUnsafe()
  }
})
