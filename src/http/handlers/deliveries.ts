import { Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import * as Log from "../../log/Log.ts"
import { OutboxRepo, type Replay } from "../../repo/OutboxRepo.ts"
import { Outbox } from "../../tracking/Outbox.ts"
import { Api } from "../api/Api.ts"
import { orUnavailable } from "../errors.ts"
import { problem } from "../problem.ts"

export const replayRefusals = {
  Missing: problem("not_found", "Esta entrega não existe, ou já foi apagada."),
  Sent: problem("conflict", "Esta entrega já chegou; não há o que enviar de novo."),
  Newer: problem("conflict", "Um aviso mais novo deste pedido já chegou; este o faria voltar atrás.")
} satisfies Record<Exclude<Replay["_tag"], "Replayed">, unknown>

/** Another try for what failed, by the hand of the seller. */
export const DeliveriesHandlers = HttpApiBuilder.group(Api, "deliveries", (handlers) =>
  Effect.map(Effect.all([OutboxRepo, Outbox]), ([repo, outbox]) =>
    handlers.handle("replay", ({ params }) =>
      Effect.gen(function* () {
        const replay = yield* orUnavailable(repo.replay(params.id))
        if (replay._tag !== "Replayed") return yield* Effect.fail(replayRefusals[replay._tag])
        const { delivery } = replay
        yield* Log.info(`[TRACKING][FILA] A entrega ${delivery.id} para ${delivery.destination} voltou para a fila`, {
          destination: delivery.destination,
          event_name: delivery.event_name,
          payment_id: delivery.payment_id
        })
        yield* outbox.retryNow(delivery.destination)
        return delivery
      })
    )
  )
)
