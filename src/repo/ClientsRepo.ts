import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

/** Rows per statement: short enough to hold up nobody. */
const batch = 5_000

/** Addresses and browsers of visitors (`tracking_clients`), which are kept for a while only. */
export class ClientsRepo extends Context.Service<
  ClientsRepo,
  { readonly deleteOlderThan: (months: number) => Effect.Effect<number, SqlError.SqlError> }
>()("funil/repo/ClientsRepo") {
  static readonly layer = Layer.effect(
    ClientsRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const deleteOlderThan = Effect.fn("ClientsRepo.deleteOlderThan")(function* (months: number) {
        let deleted = 0
        while (true) {
          const gone = yield* sql`
            delete from tracking_clients where (session_id, payment_id) in (
              select session_id, payment_id from tracking_clients
              where seen_at < now() - make_interval(months => ${months}) limit ${batch})
            returning 1`
          deleted += gone.length
          if (gone.length < batch) return deleted
        }
      })

      return ClientsRepo.of({ deleteOlderThan })
    })
  )
}
