import { Context, Effect, Layer } from "effect"
import * as Log from "../log/Log.ts"
import { UpdatesRepo } from "../repo/UpdatesRepo.ts"
import { Dispatcher } from "./Dispatcher.ts"
import { Node } from "./Node.ts"
import { parseUpdate } from "./update.ts"

const batch = 500

/** Picks up committed updates that nobody alive works on: after a crash, here or on another node. */
export class Recovery extends Context.Service<Recovery, { readonly run: Effect.Effect<void> }>()(
  "funil/engine/Recovery"
) {
  static readonly layer = Layer.effect(
    Recovery,
    Effect.gen(function* () {
      const updates = yield* UpdatesRepo
      const dispatcher = yield* Dispatcher
      const node = yield* Node

      const run = Effect.gen(function* () {
        const rows = yield* updates.claimUnfinished(node.id, batch)
        for (const row of rows) dispatcher.offer({ ...row, incoming: parseUpdate(JSON.parse(row.payload)) })
        if (rows.length > 0) {
          yield* Log.warn(`[BOT][RETOMADA] ${rows.length} atendimentos interrompidos foram retomados`, {
            event_name: "recovery",
            count: rows.length
          })
        }
        return rows.length
      }).pipe(
        Effect.repeat({ while: (taken) => taken === batch }),
        Effect.catchTag("SqlError", (error) =>
          Log.recovered("Não consegui procurar atendimentos interrompidos", error)
        ),
        Effect.asVoid,
        Effect.withTracerEnabled(false)
      )

      return Recovery.of({ run })
    })
  )
}
