import { Clock, Context, Effect, Latch, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"
import type { Held } from "../repo/lease.ts"
import { type NewOutboxRow, OutboxRepo, type OutboxRow } from "../repo/OutboxRepo.ts"
import { Breakers, type Trouble } from "./Breakers.ts"

/**
 * How a delivery ended. `Retry` is the row's own trouble: without a time it backs off by itself. `Away` is the
 * destination's, whoever's row it is: deliveries to that account pause. `Failed` is for good and lets the next row of
 * the same order pass; `unsent` says nothing about the destination. `Dropped`: nobody is to hear of it, so nothing of it is kept. Reasons are PT-BR: the seller reads
 * them.
 */
export type OutboxOutcome =
  | { readonly _tag: "Sent" }
  | { readonly _tag: "Retry"; readonly reason: string; readonly afterSeconds?: number | undefined }
  | ({ readonly _tag: "Away" } & Trouble)
  | { readonly _tag: "Failed"; readonly reason: string; readonly unsent?: boolean | undefined }
  | { readonly _tag: "Dropped" }

/** A row that this process has claimed. */
export interface OutboxHold extends Held {
  /** How many parts are confirmed, so that after a crash the rest is sent, not the whole. */
  readonly saveProgress: (parts: number) => Effect.Effect<void, SqlError.SqlError>
}

/** Brings one row to its destination; `row.progress` parts are confirmed already. */
export type OutboxHandler = (row: OutboxRow, hold: OutboxHold) => Effect.Effect<OutboxOutcome, SqlError.SqlError>

/** Brings many rows of one account at once, one group after another. */
export interface OutboxBatch {
  readonly size: number
  /** One outcome for each row, in their order. */
  readonly deliver: (rows: ReadonlyArray<OutboxRow>) => Effect.Effect<ReadonlyArray<OutboxOutcome>, SqlError.SqlError>
}

/** Who brings what where, by destination (`telegram`, `facebook`, `utmify`). */
export class OutboxHandlers extends Context.Service<OutboxHandlers, ReadonlyMap<string, OutboxHandler | OutboxBatch>>()(
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
    /** Wakes it also where it is paused: somebody says that it works now. */
    readonly retryNow: (destination: string) => Effect.Effect<void>
    /** Opens when there may be work for a destination. */
    readonly signal: (destination: string) => Latch.Latch
    readonly breakers: (destination: string) => Breakers
  }
>()("funil/tracking/Outbox") {
  static readonly layer = Layer.effect(
    Outbox,
    Effect.gen(function* () {
      const repo = yield* OutboxRepo
      const sql = yield* SqlClient.SqlClient
      const signal = byDestination(() => Latch.makeUnsafe(false))
      const breakers = byDestination(() => new Breakers())

      const wake = (destination: string) => Effect.sync(() => void signal(destination).openUnsafe())

      const retryNow = Effect.fnUntraced(function* (destination: string) {
        breakers(destination).retryNow(yield* Clock.currentTimeMillis)
        yield* wake(destination)
      })

      const put = Effect.fn("Outbox.put")(function* (row: NewOutboxRow) {
        const fresh = yield* repo.enqueue(row)
        if (fresh) yield* sql.afterCommit(wake(row.destination))
        return fresh
      })

      const putAll = Effect.fn("Outbox.putAll")(function* (rows: ReadonlyArray<NewOutboxRow>) {
        yield* repo.enqueueAll(rows)
        for (const destination of new Set(rows.map((row) => row.destination))) yield* sql.afterCommit(wake(destination))
      })

      return Outbox.of({ put, putAll, wake, retryNow, signal, breakers })
    })
  )
}

const byDestination = <A>(make: () => A) => {
  const known = new Map<string, A>()
  return (destination: string): A => {
    const found = known.get(destination) ?? make()
    known.set(destination, found)
    return found
  }
}
