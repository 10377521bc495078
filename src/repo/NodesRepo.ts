import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

/** Processes that share the database; the heartbeat of one tells the others whether its work is orphaned. */
export class NodesRepo extends Context.Service<
  NodesRepo,
  {
    readonly beat: (id: string) => Effect.Effect<void, SqlError.SqlError>
    readonly leave: (id: string) => Effect.Effect<void, SqlError.SqlError>
  }
>()("funil/repo/NodesRepo") {
  static readonly layer = Layer.effect(
    NodesRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const beat = (id: string) =>
        Effect.asVoid(sql`
          insert into nodes (id, started_at, seen_at) values (${id}, now(), now())
          on conflict (id) do update set seen_at = now()`)
      const leave = (id: string) => Effect.asVoid(sql`delete from nodes where id = ${id}`)
      return NodesRepo.of({ beat, leave })
    })
  )
}
