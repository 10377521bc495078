import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { FunnelFile } from "../../domain/funnelFile.ts"
import { SimulationInput } from "../../domain/simulation.ts"
import { FunnelTransfer } from "../../downsells/FunnelTransfer.ts"
import { Simulation } from "../../downsells/Simulation.ts"
import { Api } from "../api/Api.ts"
import { readJson } from "../body.ts"
import { orNotFound, orProblem } from "../errors.ts"

const readFile = readJson(FunnelFile)
const readSimulation = readJson(SimulationInput)

export const FunnelHandlers = HttpApiBuilder.group(Api, "funnel", (handlers) =>
  Effect.map(Effect.all([Simulation, FunnelTransfer]), ([simulation, transfer]) =>
    handlers
      .handleRaw("simulate", ({ params, request }) =>
        Effect.flatMap(readSimulation(request), (input) => orProblem(simulation.run(params.slug, input)))
      )
      .handle("take", ({ params }) => orNotFound(transfer.take(params.slug)))
      .handleRaw("put", ({ params, request }) =>
        Effect.flatMap(readFile(request), (file) => orProblem(transfer.put(params.slug, file)))
      )
  )
)
