import { PgClient, PgConnection } from "@effect/sql-pg"
import { Context, Deferred, Effect, Exit, Layer, Option, Queue, Schema, type Scope } from "effect"
import type { SqlError } from "effect/sql"
import { causeOf } from "./DatabaseError.ts"

/**
 * `Row`: somebody changed this bot's settings, or put work into a queue that is due in `dueInMs`. `Resync`: changes may
 * have been missed, read everything again.
 */
export type Change =
  | {
      readonly _tag: "Row"
      readonly table: string
      readonly botId?: number
      readonly slug?: string
      readonly dueInMs?: number
    }
  | { readonly _tag: "Resync" }

/**
 * Tells every node that settings changed in the database, by whomever: triggers on the tables send a notification, and
 * this listens on a connection of its own. Whoever subscribes first and reads afterwards misses nothing.
 */
export class Changes extends Context.Service<
  Changes,
  { readonly subscribe: Effect.Effect<Queue.Dequeue<Change>, never, Scope.Scope> }
>()("funil/db/Changes") {
  static readonly layer = Layer.effect(
    Changes,
    Effect.gen(function* () {
      const client = yield* PgClient.PgClient
      const subscribers = new Set<Queue.Queue<Change>>()
      const tell = (change: Change) => subscribers.forEach((queue) => Queue.offerUnsafe(queue, change))

      // The first try is waited for, so that normally no gap is left between starting and listening.
      const tried = yield* Deferred.make<void>()
      yield* Effect.forkScoped(listenForEver(client, tell, tried))
      yield* Deferred.await(tried)

      const subscribe = Effect.acquireRelease(
        Effect.tap(Queue.unbounded<Change>(), (queue) => Effect.sync(() => subscribers.add(queue))),
        (queue) =>
          Effect.andThen(
            Effect.sync(() => subscribers.delete(queue)),
            Queue.shutdown(queue)
          )
      )
      return Changes.of({ subscribe })
    })
  )
}

const channel = "funil_changes"
const firstDelayMs = 50
const longestDelayMs = 1_000

const listenForEver = Effect.fnUntraced(function* (
  client: PgClient.PgClient,
  tell: (change: Change) => void,
  tried: Deferred.Deferred<void>
) {
  let delayMs = firstDelayMs
  let cut = false
  const connected = Effect.gen(function* () {
    if (cut) yield* Effect.logInfo("[BANCO] Os avisos de mudança nas configurações voltaram")
    // Also the first time: somebody may have subscribed and read before we listened.
    tell({ _tag: "Resync" })
    cut = false
    delayMs = firstDelayMs
    yield* Deferred.succeed(tried, undefined)
  })
  while (true) {
    // Whatever ended it, also a defect: without it no change would be in force any more.
    const ended = yield* Effect.exit(Effect.scoped(listen(client, tell, connected)))
    if (!cut) {
      yield* Effect.logWarning(
        `[BANCO] Perdi os avisos de mudança nas configurações e tento de novo: ${reasonOf(ended)}`
      )
    }
    cut = true
    yield* Deferred.succeed(tried, undefined)
    yield* Effect.sleep(delayMs)
    delayMs = Math.min(delayMs * 2, longestDelayMs)
  }
})

/** Ends only by failing: the queue fails with its connection. */
const listen = Effect.fnUntraced(function* (
  client: PgClient.PgClient,
  tell: (change: Change) => void,
  connected: Effect.Effect<void>
) {
  const connection = yield* PgConnection.make({ ...client.config, applicationName: "funil-avisos" })
  const notifications = yield* connection.listen(channel)
  yield* connected
  while (true) {
    for (const { payload } of yield* Queue.takeAll(notifications)) tell(changeOf(payload))
  }
})

const Payload = Schema.fromJsonString(
  Schema.Struct({
    table: Schema.String,
    bot_id: Schema.optionalKey(Schema.Int),
    slug: Schema.optionalKey(Schema.String),
    due_in_ms: Schema.optionalKey(Schema.Finite)
  })
)

const decode = Schema.decodeUnknownOption(Payload)

/** A bare `NOTIFY funil_changes`, sent by hand, makes every node read everything again. */
const changeOf = (payload: string): Change =>
  Option.match(decode(payload), {
    onNone: () => ({ _tag: "Resync" as const }),
    onSome: ({ bot_id, due_in_ms, slug, table }) => ({
      _tag: "Row" as const,
      table,
      ...(bot_id === undefined ? {} : { botId: bot_id }),
      ...(slug === undefined ? {} : { slug }),
      ...(due_in_ms === undefined ? {} : { dueInMs: due_in_ms })
    })
  })

const reasonOf = (ended: Exit.Exit<void, SqlError.SqlError>) =>
  Option.match(Exit.findErrorOption(ended), {
    onNone: () => "falha interna",
    onSome: ({ reason }) => causeOf(reason.cause) || "a conexão caiu"
  })
