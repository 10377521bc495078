import { Cause, Deferred, Effect, Exit, Queue } from "effect"

export interface BatcherOptions<A, B, E> {
  /** At most this many items in one run. */
  readonly maxSize: number
  /** Runs under way at once. */
  readonly concurrency: number
  /** Answers one result per item, in order. */
  readonly run: (items: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>
  /** Awaited when there is something to do and before it is taken: what arrives meanwhile joins the group. */
  readonly before?: Effect.Effect<void>
}

/**
 * Groups single writes into one statement: what arrives while a run is under way leaves together in the next one. No
 * timer: an idle batcher adds no delay, a busy one makes larger groups by itself. A failing run fails its own items.
 */
export const makeBatcher = Effect.fnUntraced(function* <A, B, E>(options: BatcherOptions<A, B, E>) {
  const queue = yield* Queue.unbounded<{ readonly item: A; readonly result: Deferred.Deferred<B, E> }>()

  const worker = Effect.gen(function* () {
    if (options.before !== undefined) {
      yield* Queue.peek(queue)
      yield* options.before
    }
    const entries = yield* Queue.takeBetween(queue, 1, options.maxSize)
    const exit = yield* Effect.exit(options.run(entries.map((entry) => entry.item)))
    entries.forEach((entry, index) => {
      const result: Exit.Exit<B, E> = Exit.map(exit, (results) => results[index] as B)
      Deferred.doneUnsafe(entry.result, result)
    })
    // A closing scope interrupts the run: its items then end interrupted, and the worker with them.
    if (Exit.isFailure(exit) && Cause.hasInterrupts(exit.cause)) return yield* Effect.interrupt
  }).pipe(Effect.forever)

  for (let i = 0; i < options.concurrency; i++) yield* Effect.forkScoped(worker)

  return (item: A): Effect.Effect<B, E> =>
    Effect.suspend(() => {
      const result = Deferred.makeUnsafe<B, E>()
      Queue.offerUnsafe(queue, { item, result })
      return Deferred.await(result)
    })
})
