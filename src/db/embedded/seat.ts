import { PgConnection } from "@effect/sql-pg"
import { type Duration, Effect, Exit, Fiber, Option, Queue, type Redacted, Scope } from "effect"
import type { ChildProcess } from "node:child_process"
import type { Binaries } from "./binaries.ts"
import { superuser } from "./cluster.ts"
import { EmbeddedError, reasonOf } from "./EmbeddedError.ts"
import type { Files } from "./files.ts"
import { findRunning, freePort, lastWords, launch, stop } from "./postmaster.ts"
import type { RunAs } from "./runAs.ts"

export interface Site {
  readonly files: Files
  readonly binaries: Binaries
  readonly runAs: RunAs
  readonly password: Redacted.Redacted<string>
  readonly settings: Readonly<Record<string, string>>
}

/**
 * A place at the running server: a connection that holds a shared advisory lock. Who leaves asks for the same lock
 * exclusively, and only the last one gets it and turns the server off. The kernel closes the connection of a process
 * that was killed, so there is no owner file that could be stale: an orphaned server simply has no seats taken, and
 * the next process that sits down owns it.
 */
export interface Seat {
  readonly port: number
  readonly connection: PgConnection.PgConnection
  readonly scope: Scope.Closeable
}

/** Any number; it only must be the same for every process. */
const lockKey = 7_105_001

/** Longer than our own `stop` takes. */
const stopPatienceMs = 9_000

const startDeadlineMs = 60_000
const pollMs = 20

/** Sits down at the server of this folder, starting it when there is none (on `fixedPort` if given). */
export const takeSeat = (site: Site, fixedPort?: number): Effect.Effect<Seat, EmbeddedError> =>
  Effect.suspend(() => {
    let child: ChildProcess | undefined
    const started = () => child !== undefined && child.exitCode === null && child.signalCode === null
    return Effect.gen(function* () {
      const deadline = Date.now() + startDeadlineMs
      const patience = Date.now() + stopPatienceMs
      while (Date.now() < deadline) {
        const running = yield* lookAround(site)
        if (running?.state === "ready" && running.port !== undefined) {
          const seat = yield* sitDown(site, running.port)
          if (seat !== undefined) return seat
        } else if (running === undefined && !started()) {
          // Again at once when another program was faster with the port, or another process with the folder.
          const port = fixedPort ?? (yield* freePort)
          child = yield* launch(site.files, site.binaries, site.runAs, { ...site.settings, port: String(port) })
        } else if (running?.state === "stopping" && Date.now() > patience) {
          // A `smart` shutdown waits for its clients for ever.
          yield* stop(site.files, running.pid)
        }
        yield* Effect.sleep(pollMs)
      }
      return yield* new EmbeddedError({ reason: "start", detail: lastWords(site.files) })
    }).pipe(
      Effect.onInterrupt(() => (child?.pid !== undefined && started() ? stop(site.files, child.pid) : Effect.void))
    )
  })

const lookAround = (site: Site) =>
  Effect.try({ try: () => findRunning(site.files), catch: (error) => reasonOf("start", error) })

/** Nothing when the server went away or is not letting anybody in yet; the caller looks again. */
const sitDown = Effect.fnUntraced(function* (site: Site, port: number) {
  const scope = yield* Scope.make()
  const taken = connect(site, port).pipe(
    Scope.provide(scope),
    Effect.tap((connection) => connection.query("select pg_advisory_lock_shared($1::bigint)", [lockKey])),
    Effect.map((connection): Seat => ({ port, connection, scope })),
    Effect.onError(() => Scope.close(scope, Exit.void))
  )
  return yield* Effect.catchTag(taken, "SqlError", (error) =>
    error.reason._tag === "AuthenticationError"
      ? Effect.fail(
          new EmbeddedError({
            reason: "password",
            detail: `apague o arquivo ${site.files.password} com o serviço parado e inicie de novo`
          })
        )
      : Effect.undefined
  )
})

const connect = (site: Site, port: number) =>
  PgConnection.make({
    host: "127.0.0.1",
    port,
    username: superuser,
    password: site.password,
    database: "postgres",
    applicationName: "funil-guarda",
    connectTimeout: "5 seconds"
  })

/** Returns when the server is gone (or cut this connection). While it waits the connection serves nothing else. */
export const untilLost = (seat: Seat) =>
  Effect.scoped(
    Effect.flatMap(seat.connection.listen("funil_guarda"), (queue) => Effect.forever(Queue.take(queue)))
  ).pipe(Effect.ignore)

/** Stands up; the last one turns the server off. */
export const leaveSeat = Effect.fnUntraced(function* (site: Site, seat: Seat) {
  // Our own connection may have been cut while the server goes on.
  const asked = isLast(seat.connection).pipe(
    Effect.catch(() => Effect.scoped(Effect.flatMap(connect(site, seat.port), isLast)))
  )
  // When nobody answers, nobody else is being served either.
  const alone = Option.getOrElse(yield* atMost("1500 millis", asked), () => true)
  const running = findRunning(site.files)
  if (alone && running !== undefined) yield* stop(site.files, running.pid)
  yield* atMost("500 millis", Scope.close(seat.scope, Exit.void))
})

/**
 * For finalizers, which cannot be interrupted: a server that does not react must not keep us from ending. The work
 * itself is left behind then, and ends with the server's connections.
 */
export const atMost = <A, E>(duration: Duration.Input, work: Effect.Effect<A, E>): Effect.Effect<Option.Option<A>> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkDetach(work, { startImmediately: true })
    const exit = yield* Fiber.await(fiber).pipe(Effect.interruptible, Effect.timeoutOption(duration))
    return Option.flatMap(exit, Exit.getSuccess)
  })

const isLast = (connection: PgConnection.PgConnection) =>
  Effect.gen(function* () {
    yield* connection.query("select pg_advisory_unlock_shared($1::bigint)", [lockKey])
    const { rows } = yield* connection.query("select pg_try_advisory_lock($1::bigint) as alone", [lockKey])
    return rows[0]?.["alone"] === true
  })
