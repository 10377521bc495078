import { Context, Effect, Fiber, Option } from "effect"
import type { SqlClient, SqlError } from "effect/sql"
import type { Sockets } from "./sockets.ts"

/**
 * One connection apart from the pool, so that a sign of life never waits behind work. The same SQL client otherwise.
 */
export class Heartline extends Context.Service<Heartline, SqlClient.SqlClient>()("funil/db/Heartline") {}

const lookEvery = "1 second"
/** A little longer than a beat takes to come. */
const lookAfterNewsEvery = "1500 millis"
const lookAgainEvery = "300 millis"
/** As many times this without an answer. In slices: a process that stood still must not blame the database. */
const patience = "1 second"
const slices = 3

interface Watched {
  readonly heart: SqlClient.SqlClient
  readonly heartSockets: Sockets
  readonly poolSockets: Sockets
}

/**
 * Asks the database whether it is there when nothing was heard of it for a second or so. When it is not, everybody's
 * connections are cut, so that all who wait learn it now and not after their own time-outs, and no new ones are tried
 * until it is back.
 */
export const watchDatabase = Effect.fnUntraced(function* ({ heart, heartSockets, poolSockets }: Watched) {
  let awaySince: number | undefined
  let heardBefore = 0

  const answer = Effect.gen(function* () {
    const asking = yield* Effect.forkChild(heart`select 1`)
    for (let i = 0; i < slices; i++) {
      const exit = yield* Effect.timeoutOption(Fiber.await(asking), patience)
      if (Option.isSome(exit)) return yield* exit.value
    }
    heartSockets.cut()
    return yield* Fiber.join(asking)
  })

  const lost = Effect.suspend(() => {
    poolSockets.refuse()
    if (awaySince !== undefined) return Effect.void
    awaySince = performance.now()
    return Effect.logWarning("[BANCO] O banco de dados não responde; o que chegar é recusado até ele voltar")
  })

  const found = Effect.suspend(() => {
    if (awaySince === undefined) return Effect.void
    const seconds = Math.round((performance.now() - awaySince) / 1000)
    awaySince = undefined
    poolSockets.accept()
    return Effect.logInfo(`[BANCO] O banco de dados voltou a responder depois de ${seconds} s`)
  })

  /** The beat of this process goes over the same connection: its answer serves as well as one of ours. */
  const isHeard = () => {
    const { heard } = heartSockets
    const news = heard !== heardBefore
    heardBefore = heard
    return news && awaySince === undefined
  }

  const look = Effect.gen(function* () {
    if (isHeard()) return yield* Effect.sleep(lookAfterNewsEvery)
    const silent = yield* isSilent(answer)
    // The server may have ended just this connection.
    const away = silent && (awaySince !== undefined || (yield* isSilent(answer)))
    yield* away ? lost : found
    yield* Effect.sleep(away ? lookAgainEvery : lookEvery)
  })

  // Without it nobody would learn any more that the database is away.
  const onAndOn = Effect.catchCause(look, (cause) =>
    Effect.andThen(Effect.logError("[ERRO] O acompanhamento do banco de dados parou", cause), Effect.sleep(lookEvery))
  )
  yield* Effect.forever(onAndOn).pipe(Effect.withTracerEnabled(false), Effect.forkScoped)
})

/** A server that refuses us is there all the same. */
const isSilent = (answer: Effect.Effect<unknown, SqlError.SqlError>): Effect.Effect<boolean> =>
  Effect.match(answer, {
    onFailure: ({ reason }) => reason._tag === "ConnectionError",
    onSuccess: () => false
  })
