import { Context, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import { Bots } from "../bots/Bots.ts"
import { AdminError, NotFound } from "../domain/admin.ts"
import * as Log from "../log/Log.ts"
import { type Erased, ErasureRepo } from "../repo/ErasureRepo.ts"

/** Forgets a person of a bot; what was sold is still counted, and names nobody. */
export class Erasure extends Context.Service<
  Erasure,
  {
    readonly erase: (slug: string, telegramId: number) => Effect.Effect<Erased, AdminError | SqlError.SqlError>
  }
>()("funil/tracking/Erasure") {
  static readonly layer = Layer.effect(
    Erasure,
    Effect.gen(function* () {
      const bots = yield* Bots
      const repo = yield* ErasureRepo

      const erase = Effect.fn("Erasure.erase")(function* (slug: string, telegramId: number) {
        const bot = bots.find(slug)
        if (Option.isNone(bot)) return yield* absent("Este bot não existe.")
        const erased = yield* repo.erase(bot.value.id, slug, telegramId)
        if (Object.values(erased).every((count) => count === 0))
          return yield* absent(`O bot ${slug} não conhece esta pessoa.`)
        // Whom it was must not be kept in the log either.
        yield* Log.info(
          `[LGPD] Uma pessoa do bot ${slug} foi apagada: ${erased.payments} pagamentos ficaram, sem nome`,
          { slug, event_name: "person_erased", ...erased }
        )
        return erased
      })

      return Erasure.of({ erase })
    })
  )
}

const absent = (message: string) => new AdminError({ reason: new NotFound({ message }) })
