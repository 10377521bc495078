import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect } from "effect"
import { SqlClient } from "effect/sql"
import { SandboxMeta } from "../../../src/sandbox/meta/SandboxMeta.ts"
import { SandboxUtmify } from "../../../src/sandbox/utmify/SandboxUtmify.ts"
import { Reports } from "../../../src/tracking/Reports.ts"
import { all, deliveries, order, quiet, room, until, wake } from "./room.ts"

const buyers = 25

/**
 * Shows a time that the test moves. It sleeps as the real one does: the database and the stand-ins are real, and what
 * waits for them must not be told that hours went by.
 */
class MovedClock implements Clock.Clock {
  aheadMs = 0
  readonly real: Clock.Clock
  constructor(real: Clock.Clock) {
    this.real = real
  }
  currentTimeMillisUnsafe = () => this.real.currentTimeMillisUnsafe() + this.aheadMs
  currentTimeNanosUnsafe = () => this.real.currentTimeNanosUnsafe() + BigInt(this.aheadMs) * 1_000_000n
  monotonicTimeNanosUnsafe = () => this.real.monotonicTimeNanosUnsafe()
  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())
  sleep: Clock.Clock["sleep"] = (duration) => this.real.sleep(duration)
}

const inMovedTime = <A, E, R>(test: (clock: MovedClock) => Effect.Effect<A, E, R>) =>
  Effect.flatMap(Clock.Clock, (real) => {
    const clock = new MovedClock(real)
    return Effect.provideService(test(clock), Clock.Clock, clock)
  })

const shop = Effect.gen(function* () {
  const reports = yield* Reports
  for (let n = 0; n < buyers; n++) {
    const buyer = yield* order(n)
    yield* reports.queue("pix_created", buyer)
    yield* reports.queue("pix_paid", buyer)
  }
})

const down = Effect.gen(function* () {
  const meta = yield* SandboxMeta
  const utmify = yield* SandboxUtmify
  yield* meta.fail({ operation: "events", answer: { kind: "http", status: 503 }, times: Infinity })
  yield* utmify.fail({ operation: "order", answer: { kind: "reset" }, times: Infinity })
})

const back = Effect.gen(function* () {
  yield* (yield* SandboxMeta).clearFaults
  yield* (yield* SandboxUtmify).clearFaults
})

/** For the service and for the rows in the database alike. */
const minutesPass = Effect.fnUntraced(function* (clock: MovedClock, minutes: number) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`update outbox set next_attempt_at = next_attempt_at - make_interval(mins => ${minutes})
    where status = 'pending'`
  clock.aheadMs += minutes * 60_000
  yield* wake
})

/** While something happens, each of them is asked once more at least; then nothing is on its way. */
const askedDuring = Effect.fnUntraced(function* <E, R>(happening: Effect.Effect<void, E, R>) {
  const meta = yield* SandboxMeta
  const utmify = yield* SandboxUtmify
  const before = [(yield* meta.calls).length, (yield* utmify.calls).length] as const
  yield* happening
  yield* meta.waitForCalls(() => true, { count: before[0] + 1 })
  yield* utmify.waitForCalls(() => true, { count: before[1] + 1 })
  yield* quiet
})

/** Minute by minute, until nothing waits any more. */
const recovered = Effect.fnUntraced(function* (clock: MovedClock) {
  for (let minute = 0; minute < 30 && (yield* deliveries).some(({ status }) => status === "pending"); minute++) {
    yield* minutesPass(clock, 1)
    yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 100)))
    yield* quiet
  }
})

describe("Meta and UTMify out of reach", () => {
  it.live("for hours, then back: each once, in order, and few attempts meanwhile", () =>
    inMovedTime((clock) =>
      Effect.gen(function* () {
        const meta = yield* SandboxMeta
        const utmify = yield* SandboxUtmify
        yield* down
        yield* askedDuring(shop)
        for (let round = 0; round < 12; round++) {
          yield* askedDuring(minutesPass(clock, 20))
          assert.isTrue(all("pending")(yield* deliveries))
        }
        // Four hours, 100 rows: they were asked for a sign of life, not for each row.
        assert.isBelow((yield* meta.calls).length, 30)
        assert.isBelow((yield* utmify.calls).length, 80)
        yield* back
        yield* recovered(clock)
        yield* until(all("sent"))
        const events = yield* meta.received
        assert.lengthOf(events, 2 * buyers)
        assert.isTrue(events.every(({ duplicate }) => !duplicate))
        const orders = yield* utmify.orders
        assert.lengthOf(orders, buyers)
        for (const { history, notes, orderId } of orders) {
          assert.deepStrictEqual(
            history.map(({ status }) => status),
            ["waiting_payment", "paid"]
          )
          assert.deepStrictEqual(notes, [])
          const told = events.filter(({ eventId }) => eventId?.endsWith(`:${orderId}`) === true)
          assert.deepStrictEqual(
            told.map(({ name }) => name),
            ["InitiateCheckout", "Purchase"]
          )
        }
      }).pipe(Effect.scoped, Effect.provide(room()))
    )
  )

  it.live("for longer than they take events: nothing stale leaves, and each says why", () =>
    inMovedTime((clock) =>
      Effect.gen(function* () {
        const meta = yield* SandboxMeta
        const utmify = yield* SandboxUtmify
        yield* down
        yield* askedDuring(shop)
        yield* askedDuring(minutesPass(clock, 1))
        yield* minutesPass(clock, 7 * 24 * 60)
        yield* back
        yield* recovered(clock)
        const rows = yield* until(all("failed"))
        assert.deepStrictEqual([...new Set(rows.map(({ last_error }) => last_error))].toSorted(), [
          "o evento tem mais de 7 dias; o Meta não aceita mais",
          "o pedido tem mais de 7 dias; a UTMify não aceita mais"
        ])
        assert.lengthOf(yield* meta.received, 0)
        assert.lengthOf(yield* utmify.orders, 0)
      }).pipe(Effect.scoped, Effect.provide(room()))
    )
  )
})
