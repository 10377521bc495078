import { Cause, Context, Effect, Layer, Schedule } from "effect"
import type { SqlError } from "effect/sql"
import { makeBatcher } from "../db/Batcher.ts"
import { isPoison } from "../db/poison.ts"
import * as Log from "../log/Log.ts"
import { type Recording, RecordingsRepo } from "../repo/RecordingsRepo.ts"
import { type UpdateKey, UpdatesRepo } from "../repo/UpdatesRepo.ts"
import { Pressure } from "./Pressure.ts"

const whileDatabaseIsAway = Schedule.min([Schedule.exponential("100 millis"), Schedule.spaced("1 second")]).pipe(
  Schedule.jittered
)

/** Writes what handlers leave behind, many people in one transaction, and waits for an absent database. */
export class Recorder extends Context.Service<
  Recorder,
  {
    /** Returns once committed. It does not fail: messages have left already, so the truth must get in. */
    readonly record: (recording: Recording) => Effect.Effect<void>
    /** The same for many at once. */
    readonly recordAll: (recordings: ReadonlyArray<Recording>) => Effect.Effect<void>
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

      const setAside = Effect.fnUntraced(function* (recording: Recording, error: SqlError.SqlError) {
        yield* Log.failure(
          `O registro da mensagem ${recording.updateId} do bot ${recording.slug} foi separado`,
          error,
          {
            slug: recording.slug,
            event_name: "update_dead"
          }
        )
        yield* updates.markDead(recording, 1, Log.detailOf(Cause.fail(error)))
      })

      /** One refused row must not keep its neighbours out: halves are tried until it stands alone. */
      const write = (batch: ReadonlyArray<Recording>): Effect.Effect<void, SqlError.SqlError> =>
        Effect.catch(recordings.write(batch), (error) => {
          if (!isPoison(error)) return Effect.fail(error)
          if (batch.length === 1) return setAside(batch[0]!, error)
          const middle = batch.length >> 1
          return Effect.andThen(write(batch.slice(0, middle)), write(batch.slice(middle)))
        })

      const recordAll = (batch: ReadonlyArray<Recording>) =>
        write(batch).pipe(
          Effect.tapError((error) =>
            Log.recovered("O banco de dados não gravou atendimentos; vou tentar de novo", error)
          ),
          Effect.retry(whileDatabaseIsAway),
          Effect.orDie
        )

      const record = yield* makeBatcher({
        maxSize: 500,
        concurrency: 1,
        run: (batch: ReadonlyArray<Recording>) => Effect.as(recordAll(batch), batch),
        before: pressure.ease
      })

      // Losing a progress mark costs at most one repeated block after a crash; waiting for an outage would cost more.
      const progress = (key: UpdateKey, blocks: number) => Effect.ignore(updates.saveProgress(key, blocks))

      return Recorder.of({ record: (recording) => Effect.asVoid(record(recording)), recordAll, progress })
    })
  )
}
