import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Erasure } from "../../tracking/Erasure.ts"
import { Api } from "../api/Api.ts"
import { orNotFound, orUnavailable } from "../errors.ts"

export const PeopleHandlers = HttpApiBuilder.group(Api, "people", (handlers) =>
  Effect.map(Erasure, (erasure) =>
    handlers.handle("erase", ({ params }) =>
      erasure.erase(params.bot, params.telegram_id).pipe(
        Effect.asVoid,
        Effect.catchTags({
          AdminError: (error) => orNotFound(Effect.fail(error)),
          SqlError: (error) => orUnavailable(Effect.fail(error))
        })
      )
    )
  )
)
