import { Context, Effect, Layer, Schedule } from "effect"
import { randomBytes } from "node:crypto"
import { hostname } from "node:os"
import { logged } from "../log/Log.ts"
import { NodesRepo } from "../repo/NodesRepo.ts"

/**
 * This process among those that share the database. Work it owns is taken over by others once its heartbeat, by the
 * database's clock, is older than 8 s; a clean stop leaves at once.
 */
export class Node extends Context.Service<Node, { readonly id: string }>()("funil/engine/Node") {
  static readonly layer = Layer.effect(
    Node,
    Effect.gen(function* () {
      const nodes = yield* NodesRepo
      const id = `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`
      const beat = nodes.beat(id).pipe(Effect.withTracerEnabled(false))
      yield* Effect.orDie(beat)
      yield* beat.pipe(
        Effect.ignore,
        Effect.repeat(Schedule.spaced("2 seconds")),
        logged("O sinal de vida deste processo"),
        Effect.forkScoped
      )
      yield* Effect.addFinalizer(() => Effect.ignore(nodes.leave(id)))
      return Node.of({ id })
    })
  )
}
