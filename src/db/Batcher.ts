import { Cause, Effect, Exit } from "effect"
import { Backlog } from "./Backlog.ts"

export interface BatcherOptions<A, B, E> {
  /** At most this many items in one run. */
  readonly maxSize: number
  /** Runs under way at once. */
  readonly concurrency: number
  /** Answers one result per item, in order. */
  readonly run: (items: ReadonlyArray<A>) => Effect.Effect<ReadonlyArray<B>, E>
  /** Awaited when there is something to do and before it is taken: what arrives meanwhile joins the group. */
  readonly before?: Effect.Effect<void>
  /**
   * The longest that an item waits for its answer, also behind a run that is stuck; then it gets this error. Whether it
   * had its effect is unknown, but it is not begun any more.
   */
  readonly patience?: { readonly ms: number; readonly error: (item: A) => E }
}

export interface Batcher<A, B, E> {
  (item: A): Effect.Effect<B, E>
  /** The same without a fiber, for callers that are counted in tens of thousands a second. */
  readonly submit: (item: A, done: (result: Exit.Exit<B, E>) => void) => void
}

interface Entry<A, B, E> {
  readonly item: A
  readonly done: (result: Exit.Exit<B, E>) => void
  readonly since: number
  isAnswered: boolean
}

const lookEvery = "250 millis"
const afterDefect = "1 second"

/**
 * Groups single writes into one statement: what arrives while a run is under way leaves together in the next one. No
 * timer: an idle batcher adds no delay, a busy one makes larger groups by itself. A failing run fails its own items.
 */
export const makeBatcher = Effect.fnUntraced(function* <A, B, E>(options: BatcherOptions<A, B, E>) {
  const waiting = new Backlog<Entry<A, B, E>>()
  // What each worker has taken. No Set of all entries: one that tens of thousands go through keeps them, and whatever
  // hangs on them, in its outgrown tables until the next major collection (measured: 5 kB of each request).
  const underWay: Array<ReadonlyArray<Entry<A, B, E>>> = Array.from({ length: options.concurrency }, () => [])

  // Once: whoever lost patience has his answer already when that of his run comes.
  const answer = (entry: Entry<A, B, E>, result: Exit.Exit<B, E>) => {
    if (entry.isAnswered) return
    entry.isAnswered = true
    entry.done(result)
  }

  const turn = Effect.fnUntraced(function* (worker: number) {
    yield* waiting.some
    if (options.before !== undefined) yield* options.before
    const taken = waiting.take(options.maxSize)
    const entries = options.patience === undefined ? taken : taken.filter((entry) => !entry.isAnswered)
    if (entries.length === 0) return
    underWay[worker] = entries
    const exit = yield* Effect.exit(options.run(entries.map((entry) => entry.item)))
    entries.forEach((entry, index) =>
      answer(entry, Exit.isSuccess(exit) ? Exit.succeed(exit.value[index] as B) : Exit.failCause(exit.cause))
    )
    underWay[worker] = []
  })
  const work = (worker: number) =>
    Effect.forever(
      Effect.catchCause(turn(worker), (cause) =>
        Effect.andThen(
          Effect.logError("[ERRO] Um grupo de gravações parou; continuo", cause),
          Effect.sleep(afterDefect)
        )
      )
    )
  // Nobody is left waiting for a worker that is gone.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const entries of [...underWay, waiting.take(Infinity)]) {
        for (const entry of entries) answer(entry, Exit.failCause(Cause.interrupt()))
      }
    })
  )
  for (let worker = 0; worker < options.concurrency; worker++) yield* Effect.forkScoped(work(worker))

  const { patience } = options
  if (patience !== undefined) {
    const hurry = Effect.gen(function* () {
      yield* Effect.sleep(lookEvery)
      const now = performance.now()
      for (const entries of [...underWay, waiting.items]) {
        for (const entry of entries) {
          if (now - entry.since < patience.ms) break
          answer(entry, Exit.fail(patience.error(entry.item)))
        }
      }
    })
    const onAndOn = Effect.catchCause(hurry, (cause) =>
      Effect.logError("[ERRO] Um grupo de gravações parou; continuo", cause)
    )
    yield* Effect.forever(onAndOn).pipe(Effect.withTracerEnabled(false), Effect.forkScoped)
  }

  const submit: Batcher<A, B, E>["submit"] = (item, done) => {
    waiting.push({ item, done, since: performance.now(), isAnswered: false })
  }
  const write = (item: A): Effect.Effect<B, E> => Effect.callback((resume) => submit(item, resume))
  const batcher: Batcher<A, B, E> = Object.assign(write, { submit })
  return batcher
})
