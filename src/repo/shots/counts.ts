import { Effect } from "effect"
import type { SqlClient } from "effect/sql"
import type { ShotCounts } from "../../domain/shot.ts"

const none: ShotCounts = { total: 0, sent: 0, failed: 0, blocked: 0, skipped: 0, pending: 0, ambiguous: 0 }

/** What the words of the rows mean, those of the older systems included. */
const columnOf = (word: string): Exclude<keyof ShotCounts, "total"> => {
  switch (word) {
    case "sent":
    case "blocked":
    case "pending":
    case "ambiguous":
      return word
    case "failed":
    case "error":
      return "failed"
    default:
      return "skipped"
  }
}

/** What became of the people of shots: never a counter that somebody adds to, always their rows. */
export const countsOf = (sql: SqlClient.SqlClient) => (shotIds: ReadonlyArray<number>) =>
  Effect.map(
    sql<{ shotId: number; word: string; people: number }>`
      select q.shot_id as "shotId", lower(q.status) as word, count(*)::int as people
      from shots_queue q where q.shot_id = any(${shotIds}::bigint[]) group by 1, 2`,
    (rows) => {
      const tallies = new Map<number, { -readonly [K in keyof ShotCounts]: ShotCounts[K] }>()
      for (const { people, shotId, word } of rows) {
        const tally = tallies.get(shotId) ?? { ...none }
        tallies.set(shotId, tally)
        tally[columnOf(word)] += people
        tally.total += people
      }
      return tallies as ReadonlyMap<number, ShotCounts>
    }
  )

export const noCounts = none

/** A canceled shot sends to nobody any more: who waits in it was skipped, without a write for each. */
export const countsWhenCanceled = (counts: ShotCounts): ShotCounts => ({
  ...counts,
  skipped: counts.skipped + counts.pending,
  pending: 0
})
