import { Effect } from "effect"
import { SandboxError } from "./SandboxError.ts"

/** Event-driven waiting: `emit` wakes whoever waits for such an event; nothing is polled. */
export class Watch<A> {
  readonly #waiters = new Set<(event: A) => void>()

  emit(event: A): void {
    if (this.#waiters.size === 0) return
    for (const waiter of this.#waiters) waiter(event)
  }

  /** Calls `hear` for every event from now on; the answer ends that. */
  listen(hear: (event: A) => void): () => void {
    this.#waiters.add(hear)
    return () => this.#waiters.delete(hear)
  }

  /**
   * The first `count` events that satisfy the predicate: those already in `past` first, then new ones.
   * Real time on purpose, so that it also works under a test clock.
   */
  collect(
    past: Iterable<A>,
    predicate: (event: A) => boolean,
    options: { readonly count: number; readonly timeoutMs: number; readonly what: string }
  ): Effect.Effect<ReadonlyArray<A>, SandboxError> {
    return Effect.callback((resume) => {
      const found: Array<A> = []
      for (const event of past) {
        if (found.length < options.count && predicate(event)) found.push(event)
      }
      if (found.length >= options.count) return resume(Effect.succeed(found))
      const stop = () => {
        clearTimeout(timer)
        this.#waiters.delete(waiter)
      }
      const waiter = (event: A) => {
        if (!predicate(event)) return
        found.push(event)
        if (found.length < options.count) return
        stop()
        resume(Effect.succeed(found))
      }
      const timer = setTimeout(() => {
        stop()
        const message = `${options.what}: ${found.length} de ${options.count} em ${options.timeoutMs} ms`
        resume(Effect.fail(new SandboxError({ reason: "timeout", message })))
      }, options.timeoutMs)
      this.#waiters.add(waiter)
      return Effect.sync(stop)
    })
  }
}
