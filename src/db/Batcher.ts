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
}

const lookEvery = "250 millis"
const afterDefect = "1 second"

/**
 * Groups single writes into one statement: what arrives while a run is under way leaves together in the next one. No
 * timer: an idle batcher adds no delay, a busy one makes larger groups by itself. A failing run fails its own items.
 */
export const makeBatcher = Effect.fnUntraced(function* <A, B, E>(options: BatcherOptions<A, B, E>) {
  const waiting = new Backlog<Entry<A, B, E>>()
  const unanswered = new Set<Entry<A, B, E>>()

  // Once: whoever lost patience has his answer already when that of his run comes.
  const answer = (entry: Entry<A, B, E>, result: Exit.Exit<B, E>) => {
    if (unanswered.delete(entry)) entry.done(result)
  }

  const turn = Effect.gen(function* () {
    yield* waiting.some
    if (options.before !== undefined) yield* options.before
    const taken = waiting.take(options.maxSize)
    const entries = options.patience === undefined ? taken : taken.filter((entry) => unanswered.has(entry))
    if (entries.length === 0) return
    const exit = yield* Effect.exit(options.run(entries.map((entry) => entry.item)))
    entries.forEach((entry, index) =>
      answer(entry, Exit.isSuccess(exit) ? Exit.succeed(exit.value[index] as B) : Exit.failCause(exit.cause))
    )
  })
  const worker = Effect.forever(
    Effect.catchCause(turn, (cause) =>
      Effect.andThen(Effect.logError("[ERRO] Um grupo de gravações parou; continuo", cause), Effect.sleep(afterDefect))
    )
  )
  // Nobody is left waiting for a worker that is gone.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const entry of unanswered) answer(entry, Exit.failCause(Cause.interrupt()))
    })
  )
  for (let i = 0; i < options.concurrency; i++) yield* Effect.forkScoped(worker)

  const { patience } = options
  if (patience !== undefined) {
    const hurry = Effect.gen(function* () {
      yield* Effect.sleep(lookEvery)
      const now = performance.now()
      for (const entry of unanswered) {
        if (now - entry.since < patience.ms) break
        answer(entry, Exit.fail(patience.error(entry.item)))
      }
    })
    yield* Effect.forever(hurry).pipe(Effect.withTracerEnabled(false), Effect.forkScoped)
  }

  const submit: Batcher<A, B, E>["submit"] = (item, done) => {
    const entry = { item, done, since: performance.now() }
    unanswered.add(entry)
    waiting.push(entry)
  }
  const write = (item: A): Effect.Effect<B, E> => Effect.callback((resume) => submit(item, resume))
  const batcher: Batcher<A, B, E> = Object.assign(write, { submit })
  return batcher
})
