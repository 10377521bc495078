import { Heap, type Heaped } from "./Heap.ts"

/** Something that has to be looked at again at a certain time. */
export interface Sleeper extends Heaped {
  wakeAt: number
  /** Its time has come. */
  wake(now: number): void
}

/** Who has to be woken when. A sleeper stands in it once, with its earliest time. */
export class Agenda {
  readonly #sleepers = new Heap<Sleeper>((a, b) => a.wakeAt < b.wakeAt)

  nextAt(): number | undefined {
    return this.#sleepers.peek()?.wakeAt
  }

  schedule(sleeper: Sleeper, at: number): void {
    if (sleeper.heapIndex === -1) {
      sleeper.wakeAt = at
      this.#sleepers.push(sleeper)
    } else if (at < sleeper.wakeAt) {
      sleeper.wakeAt = at
      this.#sleepers.moved(sleeper)
    }
  }

  wake(now: number): void {
    for (;;) {
      const first = this.#sleepers.peek()
      if (first === undefined || first.wakeAt > now) return
      this.#sleepers.remove(first)
      first.wake(now)
    }
  }
}
