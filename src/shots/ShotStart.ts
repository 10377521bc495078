import { Context, Effect, Layer, Option } from "effect"
import type { SqlError } from "effect/sql"
import { readFilters, type ShotStatus } from "../domain/shot.ts"
import * as Log from "../log/Log.ts"
import { type ShotRow, ShotsRepo } from "../repo/ShotsRepo.ts"

/** Begins a shot: by the seller's hand or because its time has come, once. */
export class ShotStart extends Context.Service<
  ShotStart,
  {
    /** False: it was not in one of these states any more. Whoever hangs up does not stop it. */
    readonly start: (row: ShotRow, from: ReadonlyArray<ShotStatus>) => Effect.Effect<boolean, SqlError.SqlError>
  }
>()("funil/shots/ShotStart") {
  static readonly layer = Layer.effect(
    ShotStart,
    Effect.gen(function* () {
      const repo = yield* ShotsRepo

      const start = Effect.fn("ShotStart.start")(function* (row: ShotRow, from: ReadonlyArray<ShotStatus>) {
        const latencyMs = Log.timer()
        const people = yield* repo.freeze(row, readFilters(row.filters), from)
        if (Option.isNone(people)) return false
        const latency = latencyMs()
        yield* Log.info(
          `[SHOT][START] Disparo "${row.title}" do bot ${row.bot} começou para ${people.value === 1 ? "1 pessoa" : `${people.value} pessoas`} em ${latency} ms`,
          { slug: row.bot, shot_id: row.id, event_name: "shot_start", latency_ms: latency }
        )
        return true
      }, Effect.uninterruptible)

      return ShotStart.of({ start })
    })
  )
}
