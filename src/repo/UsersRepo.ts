import { Context, Effect, Layer } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

export interface KnownName {
  readonly firstName: string
  readonly username: string | undefined
}

/** People of the bots (`bot_users`). */
export class UsersRepo extends Context.Service<
  UsersRepo,
  {
    /** Empty for a person who is not known, as for buyers of the older systems. */
    readonly nameOf: (botId: number, telegramId: number) => Effect.Effect<KnownName, SqlError.SqlError>
  }
>()("funil/repo/UsersRepo") {
  static readonly layer = Layer.effect(
    UsersRepo,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient

      const nameOf = (botId: number, telegramId: number) =>
        sql<{ first_name: string | null; username: string | null }>`
          select first_name, username from bot_users where bot_id = ${botId} and telegram_id = ${telegramId}`.pipe(
          Effect.map(([row]) => ({ firstName: row?.first_name ?? "", username: row?.username ?? undefined }))
        )

      return UsersRepo.of({ nameOf })
    })
  )
}
