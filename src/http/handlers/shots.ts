import { Effect, Option } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { AudienceInput, ShotInput, ShotPatch, TestInput } from "../../domain/shot.ts"
import { decodeCursor, limitOf } from "../../repo/cursor.ts"
import { ShotAdmin } from "../../shots/ShotAdmin.ts"
import { Api } from "../api/Api.ts"
import { readJson } from "../body.ts"
import { badParameters, orNotFound, orProblem } from "../errors.ts"

const readShot = readJson(ShotInput)
const readPatch = readJson(ShotPatch)
const readAudience = readJson(AudienceInput)
const readTest = readJson(TestInput)

const cursorOf = (text: string) =>
  Effect.mapError(Effect.fromOption(decodeCursor(text)), () =>
    badParameters({ cursor: "Deve ser o next_cursor de uma resposta anterior." })
  )

export const ShotsHandlers = HttpApiBuilder.group(Api, "shots", (handlers) =>
  Effect.map(ShotAdmin, (admin) => {
    const act =
      (action: "start" | "pause" | "resume" | "cancel") =>
      ({ params }: { readonly params: { readonly slug: string; readonly id: number } }) =>
        orProblem(admin.act(params.slug, params.id, action))

    return handlers
      .handle("list", ({ params, query }) =>
        Effect.gen(function* () {
          if (query.limit === 0) {
            return yield* Effect.fail(badParameters({ limit: "Deve ser um número inteiro a partir de 1." }))
          }
          const cursor = query.cursor === undefined ? Option.none() : Option.some(yield* cursorOf(query.cursor))
          return yield* orNotFound(
            admin.list(params.slug, { cursor: Option.getOrUndefined(cursor), limit: limitOf({ limit: query.limit }) })
          )
        })
      )
      .handle("get", ({ params }) => orNotFound(admin.get(params.slug, params.id)))
      .handleRaw("create", ({ params, request }) =>
        Effect.flatMap(readShot(request), (input) => orProblem(admin.create(params.slug, input)))
      )
      .handleRaw("audience", ({ params, request }) =>
        Effect.flatMap(readAudience(request), ({ filters }) =>
          Effect.map(orProblem(admin.people(params.slug, filters ?? {})), (people) => ({ people }))
        )
      )
      .handleRaw("patch", ({ params, request }) =>
        Effect.flatMap(readPatch(request), (patch) => orProblem(admin.patch(params.slug, params.id, patch)))
      )
      .handle("remove", ({ params }) => orProblem(admin.remove(params.slug, params.id)))
      .handle("start", act("start"))
      .handle("pause", act("pause"))
      .handle("resume", act("resume"))
      .handle("cancel", act("cancel"))
      .handleRaw("test", ({ params, request }) =>
        Effect.flatMap(readTest(request), ({ chat_id }) =>
          Effect.map(orProblem(admin.test(params.slug, params.id, Number(chat_id))), (calls) => ({ calls }))
        )
      )
      .handle("duplicate", ({ params }) => orProblem(admin.duplicate(params.slug, params.id)))
  })
)
