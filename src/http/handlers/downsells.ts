import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { DownsellInput, DownsellPatch } from "../../domain/downsellInput.ts"
import { DownsellAdmin } from "../../downsells/DownsellAdmin.ts"
import { Api } from "../api/Api.ts"
import { readJson } from "../body.ts"
import { orNotFound, orProblem } from "../errors.ts"

const readDownsell = readJson(DownsellInput)
const readPatch = readJson(DownsellPatch)

export const DownsellsHandlers = HttpApiBuilder.group(Api, "downsells", (handlers) =>
  Effect.map(DownsellAdmin, (admin) =>
    handlers
      .handle("list", ({ params }) =>
        Effect.map(orNotFound(admin.list(params.slug)), (items) => ({ items, next_cursor: null }))
      )
      .handleRaw("create", ({ params, request }) =>
        Effect.flatMap(readDownsell(request), (input) => orProblem(admin.create(params.slug, input)))
      )
      .handle("get", ({ params }) => orNotFound(admin.get(params.slug, params.id)))
      .handleRaw("patch", ({ params, request }) =>
        Effect.flatMap(readPatch(request), (patch) => orProblem(admin.patch(params.slug, params.id, patch)))
      )
      .handle("remove", ({ params }) => orProblem(admin.remove(params.slug, params.id)))
  )
)
