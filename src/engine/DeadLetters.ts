import { Context, Effect, Layer, Option } from "effect"
import { Bots } from "../bots/Bots.ts"
import { conflict, notFound, orDefect } from "../bots/refusals.ts"
import type { AdminError } from "../domain/admin.ts"
import * as Log from "../log/Log.ts"
import type { UpdateView } from "../repo/updates/list.ts"
import { UpdatesRepo } from "../repo/UpdatesRepo.ts"
import { Recovery } from "./Recovery.ts"

/** Updates that failed for good get another try, by the hand of the seller. */
export class DeadLetters extends Context.Service<
  DeadLetters,
  {
    readonly replay: (slug: string, updateId: number) => Effect.Effect<UpdateView, AdminError>
    /** All of a bot, or of all bots; answers how many. */
    readonly replayAll: (slug: string | undefined) => Effect.Effect<number, AdminError>
  }
>()("funil/engine/DeadLetters") {
  static readonly layer = Layer.effect(
    DeadLetters,
    Effect.gen(function* () {
      const bots = yield* Bots
      const recovery = yield* Recovery
      const updates = yield* UpdatesRepo

      const botOf = (slug: string) =>
        Effect.mapError(Effect.fromOption(bots.find(slug)), () => notFound("Este bot não existe."))

      const replay = Effect.fn("DeadLetters.replay")(function* (slug: string, updateId: number) {
        const bot = yield* botOf(slug)
        const outcome = yield* updates.replay({ botId: bot.id, updateId })
        if (outcome._tag === "Missing") return yield* notFound("Esta mensagem não existe, ou já foi apagada.")
        if (outcome._tag === "NotDead") {
          return yield* conflict("Só uma mensagem separada (dead) pode voltar para a fila.")
        }
        yield* Log.info(`[BOT][FILA] A mensagem ${updateId} do bot ${slug} voltou para a fila`, {
          slug,
          telegram_id: outcome.update.telegram_id
        })
        yield* recovery.run
        return outcome.update
      }, orDefect)

      const replayAll = Effect.fn("DeadLetters.replayAll")(function* (slug: string | undefined) {
        const bot = slug === undefined ? Option.none() : Option.some(yield* botOf(slug))
        const count = yield* updates.replayAll(Option.getOrUndefined(Option.map(bot, ({ id }) => id)))
        if (count === 0) return 0
        yield* Log.info(`[BOT][FILA] ${count} mensagens separadas voltaram para a fila`, {
          ...(slug === undefined ? {} : { slug }),
          count
        })
        yield* recovery.run
        return count
      }, orDefect)

      return DeadLetters.of({ replay, replayAll })
    })
  )
}
