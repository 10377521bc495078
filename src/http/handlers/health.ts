import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { HealthRepo } from "../../repo/HealthRepo.ts"
import { version } from "../../version.ts"
import { problem, problemResponse } from "../problem.ts"
import { Readiness } from "../Readiness.ts"

export const healthz = HttpServerResponse.jsonUnsafe({ status: "ok", version })

const ready = HttpServerResponse.jsonUnsafe({ status: "ready" })
const notReady = problemResponse(problem("unavailable", "O serviço está ligando ou desligando."))
const noDatabase = problemResponse(problem("unavailable", "O banco de dados não respondeu em 1 segundo."))

export const readyz = Effect.gen(function* () {
  const readiness = yield* Readiness
  const health = yield* HealthRepo
  if (!readiness.isReady()) return notReady
  return yield* Effect.match(Effect.timeout(health.ping, "1 second"), {
    onSuccess: () => ready,
    onFailure: () => noDatabase
  })
})
