import { Effect, Layer } from "effect"
import { SqlClient } from "effect/sql"
import { Sandbox, type SandboxOptions } from "../../src/sandbox/Sandbox.ts"
import type { Call } from "../../src/sandbox/telegram/CallLog.ts"
import { makeBalancer } from "./balancer.ts"
import { type DatabaseLink, makeDatabaseLink } from "./databaseLink.ts"
import { TestDatabase, testDatabaseUrl } from "./postgres.ts"
import { eventually, freePort, HarnessError, type ServiceProcess, startService } from "./service.ts"
import { botToken } from "./shop.ts"
import { nextUpdateId } from "./updates.ts"

// The vocabulary of the fault tests: they hold only actions and assertions. Nothing here waits for a length of time,
// except where time is the fault itself (`lasting`).

/** Printed by every test, so that a run that failed can be run again: SEED=… */
export const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000)

export const makeRandom =
  (state = seed) =>
  () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return state / 4_294_967_296
  }

export const say = (what: string) => Effect.sync(() => void process.stdout.write(`seed ${seed}: ${what}\n`))

/** One process of the service with a network of its own between it and the database. */
export interface Node {
  readonly service: ServiceProcess
  readonly port: number
  readonly link: DatabaseLink
}

export const faultLayers = (options: SandboxOptions = {}) =>
  Layer.merge(Layer.fresh(Sandbox.layerWith(options)), TestDatabase.layer)

/** The stand-ins, an empty database, and a balancer in front of whatever processes are started. */
export const openScene = Effect.gen(function* () {
  const sandbox = yield* Sandbox
  const sql = yield* SqlClient.SqlClient
  const databaseUrl = yield* testDatabaseUrl
  const balancer = yield* makeBalancer
  const nodes = new Set<Node>()
  const direct = Effect.suspend(() => balancer.setTargets([...nodes].map((node) => node.service.url)))

  /** Starts a process, or one more under the address of another that is gone. */
  const start = Effect.fnUntraced(function* (like?: Node) {
    const port = like?.port ?? (yield* freePort)
    const link = like?.link ?? (yield* makeDatabaseLink(databaseUrl))
    const env = { ...sandbox.env, DATABASE_URL: link.url, PUBLIC_URL: balancer.url }
    const service = yield* startService({ env, port })
    const node: Node = { service, port, link }
    nodes.add(node)
    yield* direct
    return node
  })

  const gone = (node: Node, signal: NodeJS.Signals) =>
    Effect.gen(function* () {
      nodes.delete(node)
      yield* direct
      return yield* node.service.stop(signal)
    })

  return {
    sandbox,
    sql,
    balancer,
    start,
    /** Ends it without a warning. */
    kill: (node: Node) => gone(node, "SIGKILL"),
    /** Asks it to stop; answers how it exited. */
    term: (node: Node) => gone(node, "SIGTERM"),
    /** It stands still: its sockets stay open, its clocks go on. */
    freeze: (node: Node) => Effect.sync(() => void node.service.child.kill("SIGSTOP")),
    thaw: (node: Node) => Effect.sync(() => void node.service.child.kill("SIGCONT"))
  }
})

/** The length of a fault, or the moment of one. */
export const lasting = (ms: number) => Effect.sleep(ms)

export const waitUntil = eventually

/** How long something took, in seconds. */
export const secondsOf = <A, E, R>(work: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const before = performance.now()
    return Effect.map(work, (value) => ({ value, seconds: (performance.now() - before) / 1000 }))
  })

export interface Someone {
  readonly id: number
  readonly first_name: string
}

export const crowd = (size: number, firstId = 7_000_000_001): ReadonlyArray<Someone> =>
  Array.from({ length: size }, (_, i) => ({ id: firstId + i, first_name: `Pessoa${i}` }))

/** A tap on a button; its query is answered under the number of the update. */
export const buttonTap = (person: Someone, data: string, updateId = nextUpdateId()) => ({
  update_id: updateId,
  callback_query: {
    id: String(updateId),
    from: { ...person, is_bot: false },
    message: { message_id: 1, date: 0, chat: { id: person.id, type: "private" } },
    chat_instance: "1",
    data
  }
})

/** Pairs of calls of which the later one came in before the earlier one was answered. */
export const overlaps = (calls: ReadonlyArray<Call>): ReadonlyArray<readonly [Call, Call]> => {
  const ordered = calls.toSorted((a, b) => a.receivedAt - b.receivedAt)
  return ordered.slice(1).flatMap((call, i) => {
    const before = ordered[i]!
    return call.receivedAt < before.answeredAt ? [[before, call] as const] : []
  })
}

/** A greeting of three messages, one after the other: photo, file, words. */
export const threeBlocks = Effect.fnUntraced(function* (
  { telegram }: Sandbox["Service"],
  service: ServiceProcess,
  slug: string
) {
  const answer = yield* service.admin("PUT", `/api/admin/bots/${slug}/messages/start`, {
    text: "Olá {nome}!",
    media: [
      { kind: "photo", file_id: yield* telegram.registerFile(botToken, "photo") },
      { kind: "document", file_id: yield* telegram.registerFile(botToken, "document") }
    ]
  })
  if (answer.status !== 200) return yield* new HarnessError({ message: `${answer.status} ${answer.text}` })
})

export const blocks = ["sendPhoto", "sendDocument", "sendMessage"] as const

/**
 * What a death at `diedAt` (of `performance.now()`) did to the messages of these people. A message that came twice is
 * ambiguous when its first copy was on its way at that moment or its confirmation had no time to be written down
 * (`graceMs`), else it is duplicated. Between an answer and its note in the database a service may wait for a processor:
 * with all test workers busy that took more than 100 ms in 2 of 12 runs. What is repeated after a restart comes a second later.
 *
 * A process that stood still and goes on at `thawedAt` may have been stopped between its last look at what is still its
 * own and the write to the socket; that message arrives with the thaw. It has one thread, so this can be one only.
 */
export const toll = (
  calls: ReadonlyArray<Call>,
  people: ReadonlyArray<Someone>,
  deaths: ReadonlyArray<number>,
  { graceMs = 300, thawedAt = Infinity } = {}
) => {
  const sends = calls.filter((call) => call.ok && (blocks as ReadonlyArray<string>).includes(call.method))
  const wasInFlight = (call: Call) =>
    deaths.some((diedAt) => call.receivedAt <= diedAt + graceMs && call.answeredAt >= diedAt - graceMs)
  const cameWithThaw = (call: Call) => call.receivedAt >= thawedAt && call.receivedAt < thawedAt + graceMs
  let [lost, duplicated, ambiguous, withThaw] = [0, 0, 0, 0]
  for (const { id } of people) {
    for (const method of blocks) {
      const copies = sends
        .filter((call) => call.method === method && Number(call.params["chat_id"]) === id)
        .toSorted((a, b) => a.receivedAt - b.receivedAt)
      if (copies.length === 0) lost++
      for (const [index, copy] of copies.slice(0, -1).entries()) {
        if (wasInFlight(copy)) ambiguous++
        else if (cameWithThaw(copies[index + 1]!)) {
          withThaw++
          tell(id, method, copies, deaths)
        } else {
          duplicated++
          tell(id, method, copies, deaths)
        }
      }
    }
  }
  return { lost, duplicated, ambiguous, withThaw, inFlight: sends.filter(wasInFlight).length }
}

/** When each copy was under way, in ms from the fault: without it a failure that is seen once cannot be understood. */
const tell = (id: number, method: string, copies: ReadonlyArray<Call>, deaths: ReadonlyArray<number>) => {
  const since = deaths[0] ?? 0
  const times = copies.map(({ answeredAt, receivedAt }) =>
    [receivedAt, answeredAt].map((at) => Math.round(at - since)).join("–")
  )
  process.stdout.write(`seed ${seed}: ${method} to ${id} came more than once: ${times.join(", ")} ms\n`)
}

/** Every update that was acknowledged is in the inbox and done. */
export const allDone = (sql: SqlClient.SqlClient, seconds: number) =>
  eventually(
    sql<{ open: number }>`select count(*) as open from telegram_updates where state <> 1`,
    ([row]) => row?.open === 0,
    seconds
  )
