import { Effect, Layer } from "effect"
import { DownsellSending } from "../engine/bulk/DownsellSending.ts"
import * as Log from "../log/Log.ts"
import { DownsellQueueRepo } from "../repo/DownsellQueueRepo.ts"
import { Scheduler } from "./Scheduler.ts"

const batch = 5_000

export const DownsellJobs = Layer.effectDiscard(
  Effect.gen(function* () {
    const scheduler = yield* Scheduler
    const sending = yield* DownsellSending
    const queue = yield* DownsellQueueRepo

    /** Also what the older systems left in the queue: months later nobody wants it any more. */
    const dropLate = Effect.gen(function* () {
      let count = 0
      let dropped = 0
      do {
        dropped = yield* queue.dropLate(batch)
        count += dropped
      } while (dropped === batch)
      if (count === 0) return
      yield* Log.warn(
        `[AVISO] ${count} downsells passaram do prazo antes de sair e foram descartados; ninguém os recebeu`,
        { event_name: "downsell_expired", count }
      )
    })

    yield* scheduler.add({
      name: "downsells",
      title: "enviar os downsells",
      every: "4 seconds",
      owner: "each",
      tables: ["downsells_queue"],
      signal: sending.signal,
      traced: false,
      run: sending.turn
    })
    yield* scheduler.add({
      name: "late-downsells",
      title: "tirar da fila os downsells atrasados demais",
      every: "1 minute",
      owner: "one",
      run: () => dropLate
    })
  })
)
