import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

/** Whether the database answers. */
export class HealthRepo extends Context.Service<
  HealthRepo,
  { readonly ping: Effect.Effect<void, SqlError.SqlError> }
>()("funil/repo/HealthRepo") {
  static readonly layer = Layer.effect(
    HealthRepo,
    Effect.map(SqlClient.SqlClient, (sql) =>
      HealthRepo.of({ ping: Effect.asVoid(sql`select 1`).pipe(Effect.withTracerEnabled(false)) })
    )
  )
}
