import { Cause, Clock, Effect, FiberSet, Latch, Layer, Option, Random, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { randomUUID } from "node:crypto"
import * as Log from "../log/Log.ts"
import { stopwatch, telemetry } from "../log/telemetry.ts"
import { type Held, holding } from "../repo/lease.ts"
import { OutboxRepo, type OutboxRow, type Settled } from "../repo/OutboxRepo.ts"
import { PollPace } from "../repo/PollPace.ts"
import { surviving } from "../repo/surviving.ts"
import { Outbox, type OutboxBatch, type OutboxHandler, OutboxHandlers, type OutboxOutcome } from "./Outbox.ts"
import { sayNews, sayOutcomes } from "./outboxLines.ts"

/** Deliveries under way per destination: one that is slow or dead fills its own places and no others. */
const places = 16
/** Rows whose hand-over was lost with a process, or whose time has come. */
const pollMs = 2_000
const idlePollMs = 15_000
const endedRest = "50 millis"
/**
 * Orders gather for a moment: fewer statements, and none beside the answer that their buyer waits for. Not what goes to
 * Meta: of one person it is to hear in the order of events, also where a click and a start have different keys.
 */
const gathering: ReadonlySet<string> = new Set(["utmify"])
const gatherFor = "200 millis"
/** Of a row's own trouble, and of one that met a destination which is away: that may be back any moment. */
const longestBackOffSeconds = { Retry: 600, Away: 60 }
/** Running deliveries get this long to finish at a stop; the rest is given back. */
const drainTimeout = "6 seconds"

// What happened outside must get into the row, or it happens twice: worth waiting for an absent database.
const whileDatabaseIsAway = { schedule: Schedule.spaced("250 millis"), times: 240 }

type Deliver = (
  rows: ReadonlyArray<OutboxRow>,
  held: Held
) => Effect.Effect<ReadonlyArray<OutboxOutcome>, SqlError.SqlError>

/** Works the outbox off: every destination by itself, every order key strictly in order. */
export const outboxWorkerLayer = Layer.effectDiscard(
  Effect.gen(function* () {
    const outbox = yield* Outbox
    const repo = yield* OutboxRepo
    const handlers = yield* OutboxHandlers
    const owner = randomUUID()
    yield* Effect.addFinalizer(() => Effect.ignore(repo.release(owner)))

    const finish = Effect.fnUntraced(function* (
      destination: string,
      rows: ReadonlyArray<OutboxRow>,
      outcomes: ReadonlyArray<OutboxOutcome>
    ) {
      const account = accountOf(rows)
      const breakers = outbox.breakers(destination)
      const nowMs = yield* Clock.currentTimeMillis
      const jitter = yield* Random.nextBetween(0.75, 1.25)
      const away = outcomes.find((outcome) => outcome._tag === "Away")
      const worked = () => (outcomes.some(isHeard) ? breakers.worked(account) : undefined)
      const news = away === undefined ? worked() : breakers.failed(account, away, nowMs, jitter)
      const pause = breakers.pauseSeconds(account, nowMs)
      const settled = rows.map((row, index): Settled => {
        const outcome = outcomes[index] ?? unanswered
        return { id: row.id, ...settledOf(outcome, row.attempts, jitter, pause) }
      })
      yield* Effect.retry(repo.settle(owner, settled), whileDatabaseIsAway)
      for (const outcome of outcomes) telemetry.deliveries.record({ destination, result: results[outcome._tag] })
      yield* sayOutcomes(destination, rows, outcomes, settled)
      if (news !== undefined) yield* sayNews(destination, account, news, away)
      return settled
    })

    const deliverGroup = (
      destination: string,
      rows: ReadonlyArray<OutboxRow>,
      claimedMs: number,
      deliver: Deliver,
      again: (inSeconds: number) => void
    ) =>
      holding(
        repo.renew(idsOf(rows), owner),
        claimedMs
      )((held) => {
        const seconds = stopwatch()
        return deliver(rows, held).pipe(
          Effect.catchCause(unexpected(rows)),
          Effect.tap(() => Effect.sync(() => telemetry.deliverySeconds.record({ destination }, seconds()))),
          Effect.flatMap((outcomes) => finish(destination, rows, outcomes)),
          Effect.map((settled) => {
            for (const { afterSeconds, state } of settled) if (state === "pending") again(afterSeconds)
          })
        )
      }).pipe(
        Effect.tap((held) =>
          Option.isSome(held) ? Effect.void : Log.warn(`[AVISO] A entrega ${idsOf(rows)[0]} passou para outro processo`)
        ),
        Effect.withSpan("Outbox.deliver", {
          attributes: { destination, event_name: rows[0]?.eventName, rows: rows.length, attempts: rows[0]?.attempts }
        }),
        Log.logged(`A entrega ${idsOf(rows)[0]} para ${destination}`)
      )

    const oneByOne =
      (handler: OutboxHandler): Deliver =>
      ([row], held) =>
        row === undefined
          ? Effect.succeed([])
          : Effect.map(
              handler(row, { ...held, saveProgress: (parts) => repo.saveProgress(row.id, owner, parts) }),
              (outcome) => [outcome]
            )

    const work = Effect.fnUntraced(function* (destination: string, handler: OutboxHandler | OutboxBatch) {
      const { deliver, size } =
        typeof handler === "function" ? { deliver: oneByOne(handler), size: 1 } : { ...handler, size: handler.size }
      const signal = outbox.signal(destination)
      const breakers = outbox.breakers(destination)
      const pace = new PollPace(pollMs, idlePollMs)
      const fibers = yield* FiberSet.make()
      const fork = yield* FiberSet.runtime(fibers)<never>()
      yield* Effect.addFinalizer(() => Effect.asVoid(Effect.timeoutOption(FiberSet.awaitEmpty(fibers), drainTimeout)))
      const underWay = new Map<string, number>()
      let running = 0
      /** A delivery is over: the next of its order may leave. */
      const ended = Latch.makeUnsafe(false)

      const start = (rows: ReadonlyArray<OutboxRow>, claimedMs: number) => {
        const account = accountOf(rows)
        running += 1
        underWay.set(account, (underWay.get(account) ?? 0) + 1)
        const left = Effect.sync(() => {
          running -= 1
          const rest = (underWay.get(account) ?? 1) - 1
          if (rest === 0) underWay.delete(account)
          else underWay.set(account, rest)
          ended.openUnsafe()
        })
        pace.news()
        const again = (seconds: number) => pace.news(seconds * 1000)
        fork(Effect.ensuring(deliverGroup(destination, rows, claimedMs, deliver, again), left))
      }

      /** One attempt for each account that was away; what comes of it decides for all that waits. */
      const probe = Effect.fnUntraced(function* (nowMs: number) {
        for (const account of breakers.due(nowMs)) {
          if (underWay.has(account)) continue
          const claimedMs = performance.now()
          const rows = yield* repo.claim(destination, owner, { limit: 1, only: account })
          if (rows.length > 0) start(rows, claimedMs)
        }
      })

      const turn = Effect.gen(function* () {
        signal.closeUnsafe()
        ended.closeUnsafe()
        const nowMs = yield* Clock.currentTimeMillis
        yield* probe(nowMs)
        const room = places - running
        // A group of many is alone with its account: what comes meanwhile makes the next one larger.
        const without = [...breakers.shut(), ...(size > 1 ? underWay.keys() : [])]
        const limit = Math.max(room, size)
        const claimedMs = performance.now()
        const rows = room > 0 ? yield* repo.claim(destination, owner, { limit, without }) : []
        for (const group of groupsOf(rows, size)) start(group, claimedMs)
        const isMore = room <= 0 || rows.length >= limit
        if (isMore && running < places) return
        const waitMs = Math.min(pace.waitMs, Math.max(breakers.nextDueMs(nowMs) - nowMs, 10))
        // Of those that end in one moment only the first is looked behind, unless somebody is known to wait.
        const next = isMore ? ended.await : Effect.andThen(ended.await, Effect.sleep(endedRest))
        const told = gathering.has(destination) ? Effect.andThen(signal.await, Effect.sleep(gatherFor)) : signal.await
        yield* Effect.timeoutOption(Effect.raceFirst(told, next), waitMs)
      }).pipe(Effect.withTracerEnabled(false))

      yield* Effect.forkScoped(surviving(`A fila de entregas para ${destination}`)(turn))
    })

    yield* Effect.forEach(handlers, ([destination, handler]) => work(destination, handler), { discard: true })
  })
)

const accountOf = (rows: ReadonlyArray<OutboxRow>) => rows[0]?.account ?? ""

const idsOf = (rows: ReadonlyArray<OutboxRow>) => rows.map((row) => row.id)

const groupsOf = (rows: ReadonlyArray<OutboxRow>, size: number): ReadonlyArray<ReadonlyArray<OutboxRow>> => {
  if (size === 1) return rows.map((row) => [row])
  // Claimed in no particular order; ids are the order in which the facts were written.
  const sorted = rows.toSorted((a, b) => a.id - b.id)
  return [...Map.groupBy(sorted, (row) => row.account).values()]
}

const results: Record<OutboxOutcome["_tag"], string> = {
  Sent: "sent",
  Retry: "retry",
  Away: "retry",
  Failed: "failed",
  Dropped: "dropped"
}

/** The destination said something to it. */
const isHeard = (outcome: OutboxOutcome) =>
  outcome._tag === "Sent" || outcome._tag === "Retry" || (outcome._tag === "Failed" && outcome.unsent !== true)

const unanswered: OutboxOutcome = { _tag: "Retry", reason: "falha interna" }

const settledOf = (
  outcome: OutboxOutcome,
  attempts: number,
  jitter: number,
  pauseSeconds: number
): Omit<Settled, "id"> => {
  switch (outcome._tag) {
    case "Sent":
      return { state: "sent", reason: null, afterSeconds: 0 }
    case "Dropped":
      return { state: "dropped", reason: null, afterSeconds: 0 }
    case "Failed":
      return { state: "failed", reason: outcome.reason, afterSeconds: 0 }
    case "Retry": {
      const afterSeconds = outcome.afterSeconds ?? backOff(attempts, longestBackOffSeconds.Retry) * jitter
      return { state: "pending", reason: outcome.reason, afterSeconds }
    }
    case "Away": {
      const afterSeconds = Math.max(pauseSeconds, backOff(attempts, longestBackOffSeconds.Away) * jitter)
      return { state: "pending", reason: outcome.reason, afterSeconds }
    }
  }
}

const backOff = (attempts: number, longestSeconds: number) => Math.min(2 ** Math.min(attempts, 30), longestSeconds)

/** A handler that breaks holds only the order keys of its rows, and those in ever longer steps. */
const unexpected =
  (rows: ReadonlyArray<OutboxRow>) =>
  <E>(cause: Cause.Cause<E>): Effect.Effect<ReadonlyArray<OutboxOutcome>> => {
    if (Cause.hasInterrupts(cause)) return Effect.interrupt
    const what = `A entrega ${rows[0]?.id} para ${rows[0]?.destination}`
    return Effect.logError(`[ERRO] ${what} parou por uma falha interna`, cause).pipe(
      Effect.as(rows.map(() => unanswered))
    )
  }
