import { Context, Effect, Layer, Schedule } from "effect"
import { makeBatcher } from "../db/Batcher.ts"
import { recovered } from "../log/Log.ts"
import { type Recording, RecordingsRepo } from "../repo/RecordingsRepo.ts"
import { type UpdateKey, UpdatesRepo } from "../repo/UpdatesRepo.ts"
import { Pressure } from "./Pressure.ts"

const retryWhileDatabaseIsAway = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("1 second")]).pipe(
  Schedule.jittered
)

/** Writes what handlers leave behind, many people in one transaction, and waits for an absent database. */
export class Recorder extends Context.Service<
  Recorder,
  {
    /** Returns once committed. It does not fail: messages have left already, so the truth must get in. */
    readonly record: (recording: Recording) => Effect.Effect<void>
    /** Confirmed message blocks of an update, for answers of more than one message. */
    readonly progress: (key: UpdateKey, blocks: number) => Effect.Effect<void>
  }
>()("funil/engine/Recorder") {
  static readonly layer = Layer.effect(
    Recorder,
    Effect.gen(function* () {
      const recordings = yield* RecordingsRepo
      const updates = yield* UpdatesRepo
      const pressure = yield* Pressure

      const write = yield* makeBatcher({
        maxSize: 500,
        concurrency: 1,
        run: (batch: ReadonlyArray<Recording>) => Effect.as(recordings.write(batch), batch),
        before: pressure.ease
      })

      const record = (recording: Recording) =>
        write(recording).pipe(
          Effect.tapError((error) =>
            recovered("O banco de dados não gravou um atendimento; vou tentar de novo", error)
          ),
          Effect.retry(retryWhileDatabaseIsAway),
          Effect.orDie,
          Effect.asVoid
        )

      // Losing a progress mark costs at most one repeated block after a crash; waiting for an outage would cost more.
      const progress = (key: UpdateKey, blocks: number) => Effect.ignore(updates.saveProgress(key, blocks))

      return Recorder.of({ record, progress })
    })
  )
}
