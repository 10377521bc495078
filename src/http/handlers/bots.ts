import { Effect, Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { BotAdmin } from "../../bots/BotAdmin.ts"
import { BotInput, BotPatch, PlanInput, PlanPatch, PreviewInput } from "../../domain/admin.ts"
import { Preview } from "../../messages/Preview.ts"
import { Api } from "../api/Api.ts"
import { readJson } from "../body.ts"
import { orNotFound, orProblem } from "../errors.ts"

// `handleRaw` for every body: HttpApi answers 400 both to what is not JSON and to JSON that does not fit, and 415 to a
// content type it does not expect; `readJson` tells them apart with the very schema the endpoint declares.

const whole = <A>(items: ReadonlyArray<A>) => ({ items, next_cursor: null })

const readBot = readJson(BotInput)
const readBotPatch = readJson(BotPatch)

export const BotsHandlers = HttpApiBuilder.group(Api, "bots", (handlers) =>
  Effect.map(BotAdmin, (admin) =>
    handlers
      .handle("list", () => Effect.map(admin.list, whole))
      .handle("get", ({ params }) => orNotFound(admin.get(params.slug)))
      .handleRaw("create", ({ request }) => Effect.flatMap(readBot(request), (input) => orProblem(admin.create(input))))
      .handleRaw("patch", ({ params, request }) =>
        Effect.flatMap(readBotPatch(request), (patch) => orProblem(admin.patch(params.slug, patch)))
      )
  )
)

const readPlan = readJson(PlanInput)
const readPlanPatch = readJson(PlanPatch)

export const PlansHandlers = HttpApiBuilder.group(Api, "plans", (handlers) =>
  Effect.map(BotAdmin, (admin) =>
    handlers
      .handle("list", ({ params }) => Effect.map(orNotFound(admin.plans(params.slug)), whole))
      .handleRaw("add", ({ params, request }) =>
        Effect.flatMap(readPlan(request), (input) => orProblem(admin.addPlan(params.slug, input)))
      )
      .handleRaw("patch", ({ params, request }) =>
        Effect.flatMap(readPlanPatch(request), (patch) => orProblem(admin.patchPlan(params.slug, params.id, patch)))
      )
      .handle("remove", ({ params }) => orProblem(admin.removePlan(params.slug, params.id)))
  )
)

// What makes a message valid is told by the admin itself, field by field.
const readContent = readJson(Schema.Unknown)
const readPreview = readJson(PreviewInput)

export const MessagesHandlers = HttpApiBuilder.group(Api, "messages", (handlers) =>
  Effect.map(Effect.all([BotAdmin, Preview]), ([admin, preview]) =>
    handlers
      .handle("get", ({ params }) => orNotFound(admin.message(params.slug, params.key)))
      .handleRaw("put", ({ params, request }) =>
        Effect.flatMap(readContent(request), (content) => orProblem(admin.putMessage(params.slug, params.key, content)))
      )
      .handleRaw("preview", ({ params, request }) =>
        Effect.flatMap(readPreview(request), ({ chat_id, content }) =>
          Effect.map(orProblem(preview.send({ ...params, chatId: Number(chat_id), content })), (calls) => ({ calls }))
        )
      )
  )
)
