import type { OtherNode } from "../repo/NodesRepo.ts"
import { deadAfterMs } from "../repo/NodesRepo.ts"

/** So long a process must have been silent while we could have heard it. */
export const witnessMs = 5_000
/** We look every second; a longer gap means that we were away ourselves. */
const longestGapMs = 3_000

interface Sighting {
  readonly seen: string
  readonly since: number
}

/**
 * Decides whom to declare dead. Its row alone does not tell: after an outage of the database everybody's heartbeat is
 * old, also of those who live and come back in a moment. So a process is dead only to a witness who has watched the
 * same old heartbeat for some seconds, without being away in between.
 */
export class Witness {
  readonly #sightings = new Map<string, Sighting>()
  #lookedAt = Number.NEGATIVE_INFINITY

  /** A look failed: what others do meanwhile is not to be heard, so nobody's silence counts. */
  missed(): void {
    this.#sightings.clear()
  }

  /** Answers the ids of the dead; `now` is monotonic, in ms. */
  look(others: ReadonlyArray<OtherNode>, now: number): ReadonlyArray<string> {
    if (now - this.#lookedAt > longestGapMs) this.#sightings.clear()
    this.#lookedAt = now
    const present = new Set(others.map((other) => other.id))
    for (const id of this.#sightings.keys()) if (!present.has(id)) this.#sightings.delete(id)
    return others.flatMap(({ ageMs, id, seen }) => {
      const before = this.#sightings.get(id)
      if (before?.seen !== seen) {
        this.#sightings.set(id, { seen, since: now })
        return []
      }
      return ageMs > deadAfterMs && now - before.since >= witnessMs ? [id] : []
    })
  }
}
