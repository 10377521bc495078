import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

/** How long a look at the database took, in seconds. */
export interface Look {
  /** Until the pool had a connection free. */
  readonly waitSeconds: number
  readonly answerSeconds: number
}

/** Whether the database answers. */
export class HealthRepo extends Context.Service<
  HealthRepo,
  {
    readonly ping: Effect.Effect<void, SqlError.SqlError>
    /** The same, taken apart: the driver does not tell how busy its pool is, but a wait for it does. */
    readonly look: Effect.Effect<Look, SqlError.SqlError>
  }
>()("funil/repo/HealthRepo") {
  static readonly layer = Layer.effect(
    HealthRepo,
    Effect.map(SqlClient.SqlClient, (sql) =>
      HealthRepo.of({
        ping: Effect.asVoid(sql`select 1`).pipe(Effect.withTracerEnabled(false)),
        look: Effect.scoped(
          Effect.gen(function* () {
            const begunMs = performance.now()
            const connection = yield* sql.reserve
            const reservedMs = performance.now()
            yield* connection.executeRaw("select 1", [])
            return {
              waitSeconds: (reservedMs - begunMs) / 1000,
              answerSeconds: (performance.now() - reservedMs) / 1000
            }
          })
        ).pipe(Effect.withTracerEnabled(false))
      })
    )
  )
}
