import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { GatewayFeePatch } from "../../domain/admin.ts"
import { GatewayFees } from "../../payments/GatewayFees.ts"
import { Refunds } from "../../payments/Refunds.ts"
import { Api } from "../api/Api.ts"
import { readJson } from "../body.ts"
import { orProblem } from "../errors.ts"

export const PaymentsHandlers = HttpApiBuilder.group(Api, "payments", (handlers) =>
  Effect.map(Refunds, (refunds) => handlers.handle("refund", ({ params }) => orProblem(refunds.refund(params.id))))
)

const readPatch = readJson(GatewayFeePatch)

export const GatewaysHandlers = HttpApiBuilder.group(Api, "gateways", (handlers) =>
  Effect.map(GatewayFees, (fees) =>
    handlers
      .handle("list", () => Effect.map(fees.all, (items) => ({ items, next_cursor: null })))
      .handleRaw("patch", ({ params, request }) =>
        Effect.flatMap(readPatch(request), (patch) => orProblem(fees.patch(params.name, patch)))
      )
  )
)
