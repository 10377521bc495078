import { type Effect, Latch } from "effect"

/**
 * What waits to be done in groups. An array and a signal, because tens of thousands a second come in: each offer to one of
 * Effect's queues looks for takers and costs 1 µs, 3 % of an acknowledgement.
 */
export class Backlog<A> {
  readonly #some = Latch.makeUnsafe(false)
  #items: Array<A> = []

  /** What waits, the oldest first. */
  get items(): ReadonlyArray<A> {
    return this.#items
  }

  push(item: A): void {
    if (this.#items.push(item) === 1) this.#some.openUnsafe()
  }

  /** Returns when there is something; somebody else may be faster in taking it. */
  get some(): Effect.Effect<void> {
    return this.#some.await
  }

  /** The oldest, in their order; nothing when nothing is left. */
  take(max: number): ReadonlyArray<A> {
    const taken = this.#items.length <= max ? this.#items : this.#items.splice(0, max)
    if (taken === this.#items) this.#items = []
    if (this.#items.length === 0) this.#some.closeUnsafe()
    return taken
  }
}
