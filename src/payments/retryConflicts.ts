import { Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql"

const conflicts = new Set(["DeadlockError", "SerializationError", "LockTimeoutError"])

/** Two transactions met on the same rows and PostgreSQL gave up on ours: run it again as a whole. */
export const retryConflicts = <A, R>(transaction: Effect.Effect<A, SqlError.SqlError, R>) =>
  Effect.retry(transaction, {
    times: 4,
    schedule: Schedule.jittered(Schedule.exponential("20 millis")),
    while: (error) => conflicts.has(error.reason._tag)
  })
