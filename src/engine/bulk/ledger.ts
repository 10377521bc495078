import { Effect, Schedule } from "effect"
import { makeBatcher } from "../../db/Batcher.ts"
import * as Log from "../../log/Log.ts"
import type { BulkQueue, Departure, Settlement } from "../../repo/bulk.ts"
import type { BulkLease } from "../../repo/BulkLeasesRepo.ts"

/** Departures of a moment share one statement, and so do settlements; a message waits that much longer. */
const departEvery = "4 millis"
const settleEvery = "20 millis"
const maxSize = 2_000
/**
 * Statements under way of each kind: while one commits, the next works. Measured with a shot of 300,000, rows a second: one
 * 24,500, two 30,000, three 31,000, but those would leave replies half of the pool's connections.
 */
const concurrency = 2

const whileDatabaseIsAway = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("1 second")]).pipe(
  Schedule.jittered
)

/** What a queue's table is told of its messages, many in one statement. `what`: of them in plain words, for the log. */
export const makeLedger = Effect.fnUntraced(function* (queue: BulkQueue, what: string) {
  const depart = yield* makeBatcher({
    maxSize,
    concurrency,
    before: Effect.sleep(departEvery),
    run: (departures: ReadonlyArray<Departure>) => Effect.withTracerEnabled(queue.depart(departures), false)
  })
  // Messages have left: the truth must get in, however long the database is away.
  const settle = yield* makeBatcher({
    maxSize,
    concurrency,
    before: Effect.sleep(settleEvery),
    run: (settlements: ReadonlyArray<Settlement>) =>
      queue
        .settle(settlements)
        .pipe(Effect.as(settlements), Effect.retry(whileDatabaseIsAway), Effect.orDie, Effect.withTracerEnabled(false))
  })

  /** The owners that the bots of this process are known to have had: their own epoch. */
  const adopted = new Map<number, number>()

  /** Rows of whoever had a bot before and did not finish them. To be told of every change of what is held. */
  const takeOver = Effect.fnUntraced(function* (held: ReadonlyArray<BulkLease>) {
    const fresh = held.filter((lease) => adopted.get(lease.botId) !== lease.epoch)
    if (fresh.length > 0) {
      const abandoned = yield* queue.abandon(fresh)
      for (const lease of fresh) adopted.set(lease.botId, lease.epoch)
      if (abandoned > 0) {
        yield* Log.warn(
          `[AVISO] ${abandoned} ${what} estavam saindo quando outro processo parou; ninguém sabe se chegaram, e não são repetidas`,
          { event_name: "bulk_ambiguous", count: abandoned }
        )
      }
    }
    const mine = new Set(held.map((lease) => lease.botId))
    for (const botId of adopted.keys()) if (!mine.has(botId)) adopted.delete(botId)
  })

  return { depart, settle, takeOver, isOurs: (botId: number) => adopted.has(botId) }
})
