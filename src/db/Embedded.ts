import { Effect, Fiber, Redacted, Ref, Schedule, type Scope } from "effect"
import { existsSync, mkdirSync, realpathSync } from "node:fs"
import { basename, dirname, join, resolve } from "node:path"
import { findBinaries } from "./embedded/binaries.ts"
import { chooseUser } from "./embedded/runAs.ts"
import { ensureCluster, superuser } from "./embedded/cluster.ts"
import { EmbeddedError, reasonOf } from "./embedded/EmbeddedError.ts"
import { filesOf } from "./embedded/files.ts"
import { atMost, leaveSeat, type Seat, type Site, takeSeat, untilLost } from "./embedded/seat.ts"

export { EmbeddedError }

export interface EmbeddedOptions {
  /** The data folder; password and log file stand beside it. */
  readonly dir?: string
  /** `false` only where the data may be lost with the power: tests. */
  readonly fsync?: boolean
  readonly maxConnections?: number
}

const database = "funil"

/**
 * A real PostgreSQL without installing one. Any number of processes share the server of a folder; the last one to
 * leave stops it, and one that was orphaned by a `kill -9` is taken over by the next start. While this scope is open
 * a server that dies is started again on the same port.
 */
export const startEmbedded = Effect.fn("Embedded.start")(function* (
  options: EmbeddedOptions = {}
): Effect.fn.Return<{ readonly url: Redacted.Redacted<string> }, EmbeddedError, Scope.Scope> {
  const site = yield* prepare(options)
  const seat = yield* stayAt(site)
  const password = encodeURIComponent(Redacted.value(site.password))
  return { url: Redacted.make(`postgresql://${superuser}:${password}@127.0.0.1:${seat.port}/${database}`) }
})

const prepare = Effect.fnUntraced(function* (options: EmbeddedOptions) {
  const files = yield* Effect.try({
    try: () => filesOf(canonical(resolve(options.dir ?? join(".data", "postgres")))),
    catch: (error) => reasonOf("create", error)
  })
  const durable = options.fsync ?? true
  const binaries = yield* findBinaries
  const runAs = yield* chooseUser(files, binaries)
  const password = yield* ensureCluster(files, binaries, runAs, durable)
  return { files, binaries, runAs, password, settings: settings(durable, options.maxConnections ?? 60) } satisfies Site
})

/** The server is recognised by the path in its command line, so that has to be the one without symbolic links. */
const canonical = (dir: string) => {
  mkdirSync(dirname(dir), { recursive: true })
  return existsSync(dir) ? realpathSync(dir) : join(realpathSync(dirname(dir)), basename(dir))
}

const settings = (durable: boolean, maxConnections: number): Record<string, string> => ({
  listen_addresses: "127.0.0.1",
  // A socket's path is limited to 107 bytes, and a folder of ours may be deeper than that.
  unix_socket_directories: "",
  max_connections: String(maxConnections),
  shared_buffers: "128MB",
  timezone: "UTC",
  log_timezone: "UTC",
  lc_messages: "C",
  log_checkpoints: "off",
  // Our queries are short; compiling one costs more than running it.
  jit: "off",
  ...(durable ? {} : { fsync: "off", full_page_writes: "off", synchronous_commit: "off" })
})

/** Sits down and stays seated until the scope closes, also when the server has to be started again meanwhile. */
const stayAt = Effect.fnUntraced(function* (site: Site) {
  const held = yield* Effect.acquireRelease(
    Effect.flatMap(takeSeat(site), Ref.make),
    (ref) => Effect.flatMap(Ref.get(ref), (seat) => leaveSeat(site, seat)),
    { interruptible: true }
  )
  const seat = yield* Ref.get(held)
  yield* ensureDatabase(seat)
  yield* Effect.acquireRelease(Effect.forkDetach(Effect.forever(replaceLostSeat(site, held))), (fiber) =>
    atMost("500 millis", Fiber.interrupt(fiber))
  )
  return seat
})

const replaceLostSeat = Effect.fnUntraced(function* (site: Site, held: Ref.Ref<Seat>) {
  const lost = yield* Ref.get(held)
  yield* untilLost(lost)
  yield* Effect.logWarning("[BANCO] O banco embutido parou de repente; vou ligá-lo de novo")
  const again = takeSeat(site, lost.port).pipe(
    Effect.tapError((error) => Effect.logError(`[ERRO] ${error.message}`)),
    Effect.retry(Schedule.spaced("1 second"))
  )
  yield* Effect.uninterruptibleMask((restore) => Effect.flatMap(restore(again), (seat) => Ref.set(held, seat)))
  yield* Effect.logInfo("[BANCO] O banco embutido voltou")
})

const ensureDatabase = ({ connection }: Seat) =>
  Effect.gen(function* () {
    const { rows } = yield* connection.query("select 1 from pg_database where datname = $1", [database])
    if (rows.length > 0) return
    // Another process may create it between the two statements.
    yield* Effect.ignore(connection.query(`create database ${database}`))
  }).pipe(
    Effect.mapError(
      (error) => new EmbeddedError({ reason: "create", detail: `o servidor não respondeu (${error.message})` })
    )
  )
