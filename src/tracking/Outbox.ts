import { Context, Effect, Latch, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import { type NewOutboxRow, OutboxRepo, type OutboxRow } from "../repo/OutboxRepo.ts"

/**
 * How a delivery ended. `Retry` without a time backs off by itself; `Failed` is for good and lets the next row of the
 * same order pass. Reasons are PT-BR: the seller reads them.
 */
export type OutboxOutcome =
  | { readonly _tag: "Sent" }
  | { readonly _tag: "Retry"; readonly reason: string; readonly afterSeconds?: number | undefined }
  | { readonly _tag: "Failed"; readonly reason: string }

/**
 * Brings one row to its destination. `row.progress` parts are confirmed already; `saveProgress` keeps how many are, so
 * that after a crash the rest is sent, not the whole.
 */
export type OutboxHandler = (
  row: OutboxRow,
  saveProgress: (parts: number) => Effect.Effect<void, SqlError.SqlError>
) => Effect.Effect<OutboxOutcome, SqlError.SqlError>

/** Who brings what where, by destination (`telegram`, `facebook`, `utmify`). */
export class OutboxHandlers extends Context.Service<OutboxHandlers, ReadonlyMap<string, OutboxHandler>>()(
  "funil/tracking/OutboxHandlers"
) {}

/** The door of the outbox: what is put here inside a transaction leaves as soon as that is committed. */
export class Outbox extends Context.Service<
  Outbox,
  {
    /** Joins the caller's transaction; the worker of this process starts at its commit. False: it was here already. */
    readonly put: (row: NewOutboxRow) => Effect.Effect<boolean, SqlError.SqlError>
    /** The same for many at once, in one statement. */
    readonly putAll: (rows: ReadonlyArray<NewOutboxRow>) => Effect.Effect<void, SqlError.SqlError>
    readonly wake: (destination: string) => Effect.Effect<void>
    /** Opens when there may be work for a destination. */
    readonly signal: (destination: string) => Latch.Latch
  }
>()("funil/tracking/Outbox") {
  static readonly layer = Layer.effect(
    Outbox,
    Effect.gen(function* () {
      const repo = yield* OutboxRepo
      const sql = yield* SqlClient.SqlClient
      const signals = new Map<string, Latch.Latch>()

      const signal = (destination: string) => {
        const known = signals.get(destination)
        if (known !== undefined) return known
        const latch = Latch.makeUnsafe(false)
        signals.set(destination, latch)
        return latch
      }

      const wake = (destination: string) => Effect.sync(() => void signal(destination).openUnsafe())

      const put = Effect.fn("Outbox.put")(function* (row: NewOutboxRow) {
        const fresh = yield* repo.enqueue(row)
        if (fresh) yield* sql.afterCommit(wake(row.destination))
        return fresh
      })

      const putAll = Effect.fn("Outbox.putAll")(function* (rows: ReadonlyArray<NewOutboxRow>) {
        yield* repo.enqueueAll(rows)
        for (const destination of new Set(rows.map((row) => row.destination))) yield* sql.afterCommit(wake(destination))
      })

      return Outbox.of({ put, putAll, wake, signal })
    })
  )
}
