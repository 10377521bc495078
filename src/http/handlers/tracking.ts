import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { BotAdmin } from "../../bots/BotAdmin.ts"
import { PresellContent, TrackingPatch } from "../../domain/tracking.ts"
import { Api } from "../api/Api.ts"
import { readJson } from "../body.ts"
import { orNotFound, orProblem } from "../errors.ts"

const readPatch = readJson(TrackingPatch)
const readPresell = readJson(PresellContent)

export const TrackingHandlers = HttpApiBuilder.group(Api, "tracking", (handlers) =>
  Effect.map(BotAdmin, (admin) =>
    handlers
      .handle("get", ({ params }) => orNotFound(admin.tracking(params.slug)))
      .handleRaw("patch", ({ params, request }) =>
        Effect.flatMap(readPatch(request), (patch) => orProblem(admin.patchTracking(params.slug, patch)))
      )
      .handle("presell", ({ params }) => orNotFound(admin.presell(params.slug)))
      .handleRaw("putPresell", ({ params, request }) =>
        Effect.flatMap(readPresell(request), (content) => orProblem(admin.putPresell(params.slug, content)))
      )
  )
)
