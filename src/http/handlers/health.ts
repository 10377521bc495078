import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { version } from "../../version.ts"
import { problem, problemResponse } from "../problem.ts"
import { Readiness } from "../Readiness.ts"

export const healthz = HttpServerResponse.jsonUnsafe({ status: "ok", version })

const answers = {
  ready: HttpServerResponse.jsonUnsafe({ status: "ready" }),
  closed: problemResponse(problem("unavailable", "O serviço está ligando ou desligando.")),
  away: problemResponse(problem("unavailable", "O banco de dados não está respondendo."))
}

export const readyz = Effect.flatMap(Readiness, (readiness) => Effect.map(readiness.state, (state) => answers[state]))
