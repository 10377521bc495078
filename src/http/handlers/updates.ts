import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Bots } from "../../bots/Bots.ts"
import { Recovery } from "../../engine/Recovery.ts"
import * as Log from "../../log/Log.ts"
import { decodeUpdatesCursor } from "../../repo/updates/list.ts"
import { UpdatesRepo } from "../../repo/UpdatesRepo.ts"
import { Api } from "../api/Api.ts"
import { badParameters, orUnavailable, unknownBot } from "../errors.ts"
import { problem } from "../problem.ts"

const unknownUpdate = problem("not_found", "Esta mensagem não existe, ou já foi apagada.")
const notDead = problem("conflict", "Só uma mensagem separada (dead) pode voltar para a fila.")

/** The dead letters: which updates failed for good, and another try for one of them. */
export const UpdatesHandlers = HttpApiBuilder.group(Api, "updates", (handlers) =>
  Effect.gen(function* () {
    const bots = yield* Bots
    const recovery = yield* Recovery
    const updates = yield* UpdatesRepo

    const botOf = (slug: string) => Effect.mapError(Effect.fromOption(bots.find(slug)), () => unknownBot)

    const cursorOf = (text: string) =>
      Effect.mapError(Effect.fromOption(decodeUpdatesCursor(text)), () =>
        badParameters({ cursor: "Deve ser o next_cursor de uma resposta anterior." })
      )

    return handlers
      .handle("list", ({ query }) =>
        Effect.gen(function* () {
          const { bot, cursor, limit, status } = query
          if (limit === 0) {
            return yield* Effect.fail(badParameters({ limit: "Deve ser um número inteiro a partir de 1." }))
          }
          const botId = bot === undefined ? undefined : (yield* botOf(bot)).id
          const from = cursor === undefined ? undefined : yield* cursorOf(cursor)
          return yield* orUnavailable(updates.list({ botId, status, cursor: from, limit }))
        })
      )
      .handle("replay", ({ params }) =>
        Effect.gen(function* () {
          const bot = yield* botOf(params.bot)
          const replay = yield* orUnavailable(updates.replay({ botId: bot.id, updateId: params.update_id }))
          if (replay._tag !== "Replayed") {
            return yield* Effect.fail(replay._tag === "Missing" ? unknownUpdate : notDead)
          }
          yield* Log.info(`[BOT][FILA] A mensagem ${params.update_id} do bot ${bot.slug} voltou para a fila`, {
            slug: bot.slug,
            telegram_id: replay.update.telegram_id
          })
          yield* recovery.run
          return replay.update
        })
      )
  })
)
