import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { BotCopyInput } from "../../domain/admin.ts"
import { FunnelInput } from "../../domain/funnelFile.ts"
import { SimulationInput } from "../../domain/simulation.ts"
import { BotCopy } from "../../funnel/BotCopy.ts"
import { FunnelTransfer } from "../../funnel/FunnelTransfer.ts"
import { Simulation } from "../../downsells/Simulation.ts"
import { Api } from "../api/Api.ts"
import { readJson } from "../body.ts"
import { orNotFound, orProblem } from "../errors.ts"

const readCopy = readJson(BotCopyInput)
const readFile = readJson(FunnelInput)
const readSimulation = readJson(SimulationInput)

export const FunnelHandlers = HttpApiBuilder.group(Api, "funnel", (handlers) =>
  Effect.map(Effect.all([Simulation, FunnelTransfer, BotCopy]), ([simulation, transfer, copies]) =>
    handlers
      .handleRaw("simulate", ({ params, request }) =>
        Effect.flatMap(readSimulation(request), (input) => orProblem(simulation.run(params.slug, input)))
      )
      .handleRaw("clone", ({ params, request }) =>
        Effect.flatMap(readCopy(request), (input) => orProblem(copies.copy(params.slug, input)))
      )
      .handle("take", ({ params }) => orNotFound(transfer.take(params.slug)))
      .handleRaw("put", ({ params, request }) =>
        Effect.flatMap(readFile(request), (file) => orProblem(transfer.put(params.slug, file)))
      )
  )
)
