import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Bots } from "../../bots/Bots.ts"
import { DeadLetters } from "../../engine/DeadLetters.ts"
import { decodeUpdatesCursor } from "../../repo/updates/list.ts"
import { UpdatesRepo } from "../../repo/UpdatesRepo.ts"
import { Api } from "../api/Api.ts"
import { badParameters, orProblem, orUnavailable, unknownBot } from "../errors.ts"

/** The dead letters: which updates failed for good, and another try for one or all of them. */
export const UpdatesHandlers = HttpApiBuilder.group(Api, "updates", (handlers) =>
  Effect.gen(function* () {
    const bots = yield* Bots
    const letters = yield* DeadLetters
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
      .handle("replay", ({ params }) => orProblem(letters.replay(params.bot, params.update_id)))
      .handle("replayAll", ({ query }) =>
        Effect.map(orProblem(letters.replayAll(query.bot)), (replayed) => ({ replayed }))
      )
  })
)
