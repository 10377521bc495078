import type { Effect } from "effect"
import type { SqlError } from "effect/sql"
import type { BulkLease } from "./BulkLeasesRepo.ts"

// What the queues of downsells and of shots have in common. A bot's lease lets one process work on its rows, so looking
// at them takes no lock; what decides is the departure: one conditional UPDATE, in the lease's name, before a message may
// leave. Who departed in a name that is gone is ambiguous, and never sent to again.

/** Somebody whose turn it is. */
export interface BulkTarget {
  readonly id: number
  readonly telegramId: number
  readonly firstName: string | null
  readonly username: string | null
  readonly attempts: number
}

export interface Departure {
  readonly id: number
  readonly lease: BulkLease
}

/** What a departure came to: it may leave, it may not and that is settled, or it is not ours to send. */
export type Departed = "go" | "refused" | "lost"

export interface Settlement {
  readonly id: number
  /** In whose name it departed. */
  readonly lease: BulkLease
  /** `pending`: nothing was delivered, it is tried again after so many seconds. */
  readonly status: "sent" | "failed" | "blocked" | "ambiguous" | "pending"
  readonly error: string | undefined
  readonly messageId: number | undefined
  readonly retryAfterSeconds: number | undefined
  /** Whether this was a try that counts. */
  readonly tried: boolean
}

type Answer<A> = Effect.Effect<A, SqlError.SqlError>

/** What both tables can be told. */
export interface BulkQueue {
  /** Writes down that these may have left from now on; judged once more, by what is true now. */
  readonly depart: (departures: ReadonlyArray<Departure>) => Answer<ReadonlyArray<Departed>>
  readonly settle: (settlements: ReadonlyArray<Settlement>) => Answer<void>
  /** Rows under way in the name of somebody who has no lease any more; answers how many. */
  readonly abandon: (leases: ReadonlyArray<BulkLease>) => Answer<number>
}
