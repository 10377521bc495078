import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { Alerts } from "../../bots/Alerts.ts"
import { AlertSettings } from "../../domain/alert.ts"
import { Api } from "../api/Api.ts"
import { readJson } from "../body.ts"
import { orProblem } from "../errors.ts"

const read = readJson(AlertSettings)

export const AlertsHandlers = HttpApiBuilder.group(Api, "alerts", (handlers) =>
  Effect.map(Alerts, (alerts) =>
    handlers
      .handle("get", () => alerts.settings)
      .handleRaw("put", ({ request }) => Effect.flatMap(read(request), (settings) => orProblem(alerts.save(settings))))
      .handleRaw("test", ({ request }) => Effect.flatMap(read(request), (settings) => orProblem(alerts.test(settings))))
  )
)
