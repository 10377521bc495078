import { PgClient } from "@effect/sql-pg"
import { Context, Effect, Layer, Option, Redacted } from "effect"
import { Reactivity } from "effect/reactivity"
import { SqlClient } from "effect/sql"
import { join } from "node:path"
import { Config } from "../config.ts"
import { makeClient } from "./client.ts"
import { DatabaseError } from "./DatabaseError.ts"
import { startEmbedded } from "./Embedded.ts"
import { Heartline, watchDatabase } from "./Heartline.ts"
import { Sockets } from "./sockets.ts"
import { typedArray, types } from "./types.ts"

export { DatabaseError }

type Clients = PgClient.PgClient | SqlClient.SqlClient | Heartline

/**
 * The pool of this process, and its heartline. Their session settings end what would otherwise hold a lock or a
 * connection for ever.
 */
const layerUrl = (url: Redacted.Redacted<string>): Layer.Layer<Clients, DatabaseError> =>
  Layer.effectContext(
    Effect.gen(function* () {
      const [poolSockets, heartSockets] = [new Sockets(Redacted.value(url)), new Sockets(Redacted.value(url))]
      const client = acceptingMixedArrays(
        yield* makeClient({
          ...settings(url),
          stream: poolSockets.open,
          shown: true,
          longestWaitMs: 4_000,
          // Not multiplexed. Measured with 200 fibers on 12 connections (2 cores): single selects 34,000/s against
          // 57,000/s with it, but transactions 6,800/s against 6,000/s, and beside one slow statement in a hundred
          // 8,900/s against 3,600/s: whoever shares its connection waits behind it, and a time-out cannot cancel it.
          maxConnections: 12
        })
      )
      const heart = acceptingMixedArrays(
        yield* makeClient({
          ...settings(url),
          stream: heartSockets.open,
          applicationName: "funil-sinal",
          // What began before the database came back must not keep us from seeing it.
          connectTimeout: "2 seconds",
          longestWaitMs: 4_000,
          maxConnections: 1
        })
      )
      yield* client`select 1`
      yield* watchDatabase({ heart, heartSockets, poolSockets })
      return Context.make(PgClient.PgClient, client).pipe(
        Context.add(SqlClient.SqlClient, client),
        Context.add(Heartline, heart)
      )
    }).pipe(Effect.mapError(DatabaseError.from))
  ).pipe(Layer.provide(Reactivity.layer))

const settings = (url: Redacted.Redacted<string>) => ({
  url,
  types,
  applicationName: "funil",
  startupParameters: {
    timezone: "UTC",
    statement_timeout: "10000",
    idle_in_transaction_session_timeout: "15000"
  },
  connectTimeout: "3 seconds" as const
})

/** The database of `DATABASE_URL`, else the embedded one in `.data/postgres`. */
const layer = Layer.unwrap(
  Effect.gen(function* () {
    const config = yield* Config
    const url = Option.isSome(config.databaseUrl)
      ? config.databaseUrl.value
      : (yield* startEmbedded({ dir: join(config.dataDir, "postgres") })).url
    return layerUrl(url)
  })
)

export const Database = { layer, layerUrl }

const acceptingMixedArrays = (client: PgClient.PgClient): PgClient.PgClient =>
  Object.assign(
    (first: unknown, ...values: ReadonlyArray<unknown>) =>
      Reflect.apply(client, undefined, [first, ...values.map(typedArray)]),
    client
  )
