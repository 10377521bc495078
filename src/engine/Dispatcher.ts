import { Context, Effect, FiberSet, Layer, Queue } from "effect"
import { logged } from "../log/Log.ts"
import { surviving } from "../repo/surviving.ts"
import { Handling } from "./Handling.ts"
import type { UpdateJob } from "./job.ts"
import { Pressure } from "./Pressure.ts"
import { isQuiet } from "./quiet.ts"

const quietBatch = 1_000

/** Running handlers get this long to finish at a stop; the rest is given back to the inbox. */
const drainTimeout = "3 seconds"

/**
 * Runs committed updates: one person of one bot strictly one after another, different people side by side. What is
 * here is also in the inbox table, so nothing is lost with the process.
 */
export class Dispatcher extends Context.Service<
  Dispatcher,
  {
    /** Synchronous hand-over. An update that is here already is not taken twice. */
    readonly offer: (job: UpdateJob) => void
    /** Updates waiting or running in this process. */
    readonly size: () => number
  }
>()("funil/engine/Dispatcher") {
  static readonly layer = Layer.effect(
    Dispatcher,
    Effect.gen(function* () {
      const handling = yield* Handling
      const fibers = yield* FiberSet.make<void>()
      const fork = yield* FiberSet.runtime(fibers)<never>()
      const queues = new Map<string, Array<UpdateJob>>()
      const present = new Set<string>()
      const pressure = yield* Pressure
      const quiet = yield* Queue.unbounded<UpdateJob>()

      const drain = (person: string, queue: Array<UpdateJob>) =>
        Effect.whileLoop({
          while: () => queue.length > 0,
          body: () => handling.run(queue[0] as UpdateJob),
          step: () => {
            const job = queue.shift() as UpdateJob
            present.delete(jobKey(job))
            if (queue.length === 0) queues.delete(person)
          }
        }).pipe(logged("O atendimento de uma pessoa"))

      const offer = (job: UpdateJob) => {
        const key = jobKey(job)
        if (present.has(key)) return
        present.add(key)
        if (isQuiet(job)) {
          Queue.offerUnsafe(quiet, job)
          return
        }
        const person = personKey(job)
        const queue = queues.get(person)
        if (queue !== undefined) {
          queue.push(job)
          return
        }
        const started = [job]
        queues.set(person, started)
        fork(drain(person, started))
      }

      // Order does not matter among these: a person's row keeps the latest of what it is told, events carry their time.
      yield* Effect.gen(function* () {
        yield* Queue.peek(quiet)
        yield* pressure.ease
        const jobs = yield* Queue.takeBetween(quiet, 1, quietBatch)
        yield* handling.runQuiet(jobs)
        for (const job of jobs) present.delete(jobKey(job))
      }).pipe(surviving("O registro das mensagens sem resposta"), Effect.forkScoped)

      yield* Effect.addFinalizer(() =>
        FiberSet.awaitEmpty(fibers).pipe(Effect.timeoutOption(drainTimeout), Effect.asVoid)
      )

      return Dispatcher.of({ offer, size: () => present.size })
    })
  )
}

const jobKey = (job: UpdateJob) => `${job.botId}:${job.updateId}`

/** Updates of nobody in particular do not wait for each other. */
const personKey = (job: UpdateJob) =>
  job.personId === null ? `${job.botId}:u${job.updateId}` : `${job.botId}:${job.personId}`
